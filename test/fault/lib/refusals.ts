/** What senders must be told while the log cannot confirm. */
import type { FaultContext } from './fault.ts';

const answersByDoor = [
  ['http', '503'],
  ['batch', '503'],
  ['mllp', 'CE'],
  ['mllp', 'AR 207'],
] as const;

/** Complains about what was sent and acknowledged between two moments, and about doors that never said why. `meanwhile` ends the sentence. */
export function expectRefusals(
  { answers, complain, note }: FaultContext,
  { from, to, meanwhile }: { readonly from: number; readonly to: number; readonly meanwhile: string },
): void {
  const told = answers().filter(({ sentAt, at }) => sentAt > from && at < to);
  const acknowledged = told.filter(({ answer }) => answer === 'ack').length;
  if (acknowledged > 0) complain(`${acknowledged} acknowledged while ${meanwhile}`);
  for (const [door, answer] of answersByDoor) {
    const count = told.filter((one) => one.door === door && one.answer.startsWith(answer)).length;
    note(`${door} ${answer} ${count} times`);
    const others = new Set(told.filter((one) => one.door === door).map((one) => one.answer));
    if (count === 0) complain(`${door} never answered ${answer}: ${[...others].join(', ')}`);
  }
}
