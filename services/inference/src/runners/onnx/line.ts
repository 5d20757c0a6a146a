/** First in, first out, without moving the rest at every step; jobs are numbered so that the oldest of several lines can be found. */

/** `order` is set by the line: lower waits longer. */
export type Ordered = { order: number };

export type Line<J extends Ordered> = {
  readonly length: number;
  /** Infinity when empty. */
  readonly headOrder: number;
  push(job: J): void;
  /** Puts jobs back before all others, in their order. */
  unshift(jobs: readonly J[]): void;
  /** Takes the first `count`, or as many as there are. */
  take(count: number): J[];
};

export function createLine<J extends Ordered>(): Line<J> {
  let jobs: J[] = [];
  let start = 0;
  return {
    get length() {
      return jobs.length - start;
    },
    get headOrder() {
      return jobs[start]?.order ?? Number.POSITIVE_INFINITY;
    },
    push: (job) => {
      jobs.push(job);
    },
    unshift: (returned) => {
      jobs = [...returned, ...jobs.slice(start)];
      start = 0;
    },
    take: (count) => {
      const taken = jobs.slice(start, start + count);
      start += taken.length;
      if (start > 1_024 || start === jobs.length) {
        jobs = jobs.slice(start);
        start = 0;
      }
      return taken;
    },
  };
}
