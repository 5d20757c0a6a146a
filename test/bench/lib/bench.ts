/** The shape of one benchmark. */

/** Flat figures: what `--json` prints. */
export type Figures = Readonly<Record<string, number | string>>;
export type BenchOptions = Readonly<Record<string, number | undefined>>;

export type Bench = {
  readonly about: string;
  readonly run: (options: BenchOptions, say: (line: string) => void) => Promise<Figures>;
  /** How `--write` shows the figures in docs/benchmarks.md; without it, as a table of names and values. */
  readonly document?: (figures: Figures) => BenchPage | Promise<BenchPage>;
};

/** Markdown, and the pictures it refers to as `benchmarks/<name>`. */
export type BenchPage = { readonly markdown: string; readonly pictures?: Readonly<Record<string, string>> };

type Cell = number | string;

export function markdownTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.map((cell) => shown(cell)).join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 || rows.some((row) => typeof row[i] === 'string') ? '---' : '---:'));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

const shown = (cell: Cell): string => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell.replaceAll('|', '\\|'));
