/** Whether a changed state may look different outside. How far a running job is does not. Pure. */
import type { Subject } from './subject.ts';

export function isNews(before: Subject | null, after: Subject): boolean {
  if (before === null || before.kind !== 'analysis' || after.kind !== 'analysis') return true;
  return shown(before.state) !== shown(after.state);
}

const shown = (state: object): string => JSON.stringify({ ...state, percent: 0, stage: null, version: 0 });
