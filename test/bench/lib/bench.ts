/** The shape of one benchmark. */

/** Flat figures: what `--json` prints. */
export type Figures = Readonly<Record<string, number | string>>;
export type BenchOptions = Readonly<Record<string, number | undefined>>;

export type Bench = {
  readonly about: string;
  readonly run: (options: BenchOptions, say: (line: string) => void) => Promise<Figures>;
};
