/** HL7 v2 text: separators, segments, fields, escapes, and what is wrong with them. Pure, like a service's domain, which may therefore import it. */
export * from './compose.ts';
export * from './faults.ts';
export * from './tokens.ts';
