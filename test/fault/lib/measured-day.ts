/** How long things take on a day at the hospital: what the API is asked, and the way of an order to the laboratory. */
import { ask } from './ask.ts';
import type { FaultContext } from './fault.ts';
import { isAllAtLaboratory } from './hospital-doors.ts';
import { type HospitalDay, playDay } from './hospital-load.ts';

export type Measured = {
  readonly day: HospitalDay;
  /** How long the API took for each of many questions, evenly over the day. */
  readonly apiMs: readonly number[];
  readonly toLaboratoryMs: readonly number[];
};

/** A day while the API is asked all the time, until the laboratory has every order of it. */
export async function measureDay(context: FaultContext, plan: Parameters<typeof playDay>[1]): Promise<Measured> {
  const { rig } = context;
  const apiMs: number[] = [];
  let isOver = false;
  const asking = async (): Promise<void> => {
    while (!isOver) {
      const began = performance.now();
      await ask(rig.api, '/v1/deliveries?limit=10');
      apiMs.push(performance.now() - began);
      await context.sleep(50);
    }
  };
  const playing = async (): Promise<HospitalDay> => {
    try {
      const day = await playDay(context, plan);
      await context.until('the laboratory has every order', () => isAllAtLaboratory(rig, day), 30_000);
      return day;
    } finally {
      isOver = true;
    }
  };
  const [day] = await Promise.all([playing(), asking()]);
  return { day, apiMs, toLaboratoryMs: waits(day, context) };
}

/**
 * Of both as many as the shorter has, the last of each: what comes first warms up. Said and not judged: on a shared machine it is no more
 * than a hint.
 */
export function compared(what: string, before: readonly number[], meanwhile: readonly number[]): string {
  const count = Math.min(before.length, meanwhile.length);
  const [was, is] = [median(before.slice(-count)), median(meanwhile.slice(-count))];
  const longest = Math.max(...meanwhile.slice(-count));
  const medians = `median ${was.toFixed(1)} ms before, ${is.toFixed(1)} ms meanwhile`;
  return `${what}: ${medians} (of ${count} each, longest ${longest.toFixed(0)} ms), ratio ${(is / was).toFixed(2)}`;
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** From the first sending of an order to its first arrival at the laboratory: it may be there before its acknowledgement is. */
function waits(day: HospitalDay, { rig }: FaultContext): readonly number[] {
  const received = rig.hospital().lab.received();
  return day.orders.flatMap(({ placerNumber, sentAt }) => {
    const arrived = received.find((message) => message.placerNumber === placerNumber);
    return arrived === undefined ? [] : [Math.max(0, arrived.at - sentAt)];
  });
}
