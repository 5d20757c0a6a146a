/**
 * Looks jobs up for all who ask or wait, as few times as possible: what is asked for while a look-up is under way goes into the next one.
 *
 * A notice of the sink wakes those it names. It may be lost, so whoever waits is looked up every `pollMs` as well, and after every
 * reconnection (a notice that names nobody).
 * Promise: a change that was committed before `follow` was called is seen at once, or within `firstLookMs`; a later one within `pollMs` at worst.
 */
import { sleep, whenAborted } from '@clinstream/runtime/errors';
import { parseNotice } from '../domain/notice.ts';

export type Watched = { readonly version: number; readonly ended: boolean };
export type JobWatchOptions<J> = {
  readonly read: (jobIds: readonly string[]) => Promise<ReadonlyMap<string, J>>;
  readonly pollMs: number;
  readonly onLook?: (cause: 'ask' | 'notice' | 'poll') => void;
};
export type FollowOptions = {
  /** Not woken by changes of a job that goes on. */
  readonly endOnly: boolean;
  /** How long the first look may wait for a notice that makes it needless, when there can hardly be anything to see yet. Default 0. */
  readonly firstLookMs?: number;
  readonly signal: AbortSignal;
};
export type JobWatch<J> = {
  /** The job as it stands now, null when there is none. Rejects as `read` does. */
  look(jobId: string): Promise<J | null>;
  /**
   * Shows the job now and whenever it may have changed, until `onJob` returns true or the signal aborts. Resolves then; rejects only when
   * the first look fails.
   */
  follow(jobId: string, options: FollowOptions, onJob: (job: J | null) => boolean): Promise<void>;
  /** What the sink said; null for "you may have missed some". */
  notice(payload: string | null): void;
  waiting(): number;
  stop(): void;
};

type Asker<J> = { readonly resolve: (job: J | null) => void; readonly reject: (error: unknown) => void };
type Follower<J> = { readonly endOnly: boolean; readonly tell: (job: J | null) => void };

export function createJobWatch<J>({ read, pollMs, onLook = () => {} }: JobWatchOptions<J>): JobWatch<J> {
  const askers = new Map<string, Asker<J>[]>();
  const followers = new Map<string, Set<Follower<J>>>();
  const due = new Set<string>();
  let looking = false;
  let timer: NodeJS.Timeout | undefined;

  async function lookAll(): Promise<void> {
    if (looking) return;
    looking = true;
    while (due.size > 0) {
      const jobIds = [...due];
      due.clear();
      await lookUp(jobIds);
    }
    looking = false;
  }

  async function lookUp(jobIds: readonly string[]): Promise<void> {
    const asked = new Map(jobIds.map((jobId) => [jobId, take(askers, jobId)]));
    try {
      const jobs = await read(jobIds);
      for (const [jobId, asking] of asked) hand(jobId, jobs.get(jobId) ?? null, asking);
    } catch (error) {
      // Who only waits is looked up again by the next poll.
      for (const { reject } of [...asked.values()].flat()) reject(error);
    }
  }

  function hand(jobId: string, job: J | null, asking: readonly Asker<J>[]): void {
    for (const { resolve } of asking) resolve(job);
    for (const { tell } of followers.get(jobId) ?? []) tell(job);
  }

  /** One turn later, so that what arrives together is looked up together. */
  function wake(jobIds: Iterable<string>): void {
    for (const jobId of jobIds) due.add(jobId);
    if (due.size > 0 && !looking) setImmediate(() => void lookAll());
  }

  function look(jobId: string): Promise<J | null> {
    onLook('ask');
    return new Promise((resolve, reject) => {
      const asking = askers.get(jobId);
      if (asking) asking.push({ resolve, reject });
      else askers.set(jobId, [{ resolve, reject }]);
      wake([jobId]);
    });
  }

  function poll(): void {
    if (followers.size > 0) onLook('poll');
    wake(followers.keys());
  }

  async function follow(jobId: string, options: FollowOptions, onJob: (job: J | null) => boolean): Promise<void> {
    const { endOnly, firstLookMs = 0, signal } = options;
    const over = new AbortController();
    // With a reason of its own: the default one is an error with a stack.
    const finish = (): void => over.abort('over');
    const follower = { endOnly, tell: (job: J | null) => void (onJob(job) && finish()) };
    signal.addEventListener('abort', finish, { once: true });
    // Before the first look: a change between the two would be missed.
    timer ??= setInterval(poll, pollMs);
    timer.unref();
    followers.set(jobId, (followers.get(jobId) ?? new Set()).add(follower));
    try {
      if (firstLookMs > 0) await sleep(firstLookMs, over.signal);
      if (!over.signal.aborted) await look(jobId);
      if (!signal.aborted) await whenAborted(over.signal);
    } finally {
      signal.removeEventListener('abort', finish);
      leave(jobId, follower);
    }
  }

  function leave(jobId: string, follower: Follower<J>): void {
    const all = followers.get(jobId);
    all?.delete(follower);
    if (all?.size === 0) followers.delete(jobId);
  }

  function notice(payload: string | null): void {
    if (followers.size === 0) return;
    const named = parseNotice(payload);
    const woken =
      named === null ? [...followers.keys()] : [...named.ended.filter(isFollowed), ...named.moved.filter(isFollowedClosely)];
    if (woken.length > 0) onLook('notice');
    wake(woken);
  }

  const isFollowed = (jobId: string): boolean => followers.has(jobId);
  const isFollowedClosely = (jobId: string): boolean => [...(followers.get(jobId) ?? [])].some(({ endOnly }) => !endOnly);

  return {
    look,
    follow,
    notice,
    waiting: () => [...followers.values()].reduce((sum, all) => sum + all.size, 0),
    stop: () => clearInterval(timer),
  };
}

function take<J>(askers: Map<string, Asker<J>[]>, jobId: string): readonly Asker<J>[] {
  const asking = askers.get(jobId) ?? [];
  askers.delete(jobId);
  return asking;
}
