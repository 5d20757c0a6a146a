/** What was agreed with the laboratory, as far as the rules need it. Read from the environment by lis/config.ts. */

export type AnswerRule = 'retry' | 'park';

export type LisChannel = {
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  readonly receivingApplication: string;
  readonly receivingFacility: string;
  /** MSH-11. A test system of ours says T or D, and an answer from another environment is never believed (facts 6.16). */
  readonly processingId: 'P' | 'T' | 'D';
  /** MSH-18 as written; empty for ASCII. */
  readonly charset: string;
  /**
   * `original`: one answer, of the application. `commit`: CA is all we ask for. `both`: CA, then the application's own answer.
   * Whatever is asked for, whichever comes is taken.
   */
  readonly acknowledgement: 'original' | 'commit' | 'both';
  /** CX.5 of our patient ids. */
  readonly patientIdType: string;
  /** OBR-16 and ORC-12 where the order names nobody: IHE wants one. */
  readonly unknownProvider: string;
  /** HL7 has no code for "urgent" (facts 6.9): this code, and the word in this field. Null: not agreed, an urgent order needs a person. */
  readonly urgent: { readonly code: 'R' | 'T'; readonly segment: string; readonly field: number } | null;
  /** The laboratory takes identical bytes once, however often they come (facts 6.8). */
  readonly deduplicates: boolean;
  /** What a negative answer means here, by condition (`207`) or acknowledgement code (`AE`), where it differs from facts 6.1. */
  readonly answers: Readonly<Record<string, AnswerRule>>;
};
