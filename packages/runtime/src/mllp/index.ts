/** What both ends of an MLLP connection share: framing and character sets. Knows no HL7 but table 0211. */
export * from './charset.ts';
export * from './frames.ts';
