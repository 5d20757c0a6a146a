/** Finds sockets, servers, processes and file watches a test left open. */
import { waitFor } from '@clinstream/local';

/** Timers and pipes to the runner come and go; these do not. */
const watched = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'TCPWRAP',
  'PipeWrap',
  'ProcessWrap',
  'FSEventWrap',
  'MessagePort',
  'Worker',
  'UDPWrap',
]);

const count = (): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) if (watched.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
};

/** Kinds of which there are more now than then, as `TCPSocketWrap +2`. */
const more = (then: ReadonlyMap<string, number>): string[] =>
  [...count()].flatMap(([kind, now]) => (now > (then.get(kind) ?? 0) ? [`${kind} +${now - (then.get(kind) ?? 0)}`] : []));

/**
 * Call before the work, and the function it returns after it: that one rejects when things stay open past the deadline.
 * `const noLeaks = watchLeaks(); … await noLeaks();`
 */
export function watchLeaks(): (deadlineMs?: number) => Promise<void> {
  const before = count();
  return async (deadlineMs = 5_000) => {
    await waitFor(() => more(before).length === 0, { deadlineMs, what: 'everything is closed' }).catch(() => {
      throw new Error(`left open: ${more(before).join(', ')}`);
    });
  };
}
