/**
 * Turns the many ways of being told to stop into one AbortSignal: SIGINT, SIGTERM, SIGHUP, and the end of the process that started this one.
 *
 * A terminal, npm and our own starter may each deliver the same Ctrl-C: what comes within a second of the first is the same wish. After that it is
 * impatience: `force` is called.
 */
const sameWishMs = 1_000;

export type StopSignals = {
  readonly stopping: AbortSignal;
  /** For an end of our own. */
  abort(): void;
  close(): void;
};

export function watchStopSignals(force: () => void): StopSignals {
  const controller = new AbortController();
  let firstAt: number | null = null;
  const onSignal = () => {
    const now = performance.now();
    firstAt ??= now;
    if (now - firstAt > sameWishMs) force();
    else controller.abort();
  };
  const onParentGone = () => controller.abort();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  process.on('disconnect', onParentGone);
  // Listening for the parent's end must not keep this process alive.
  process.channel?.unref();
  return {
    stopping: controller.signal,
    abort: () => controller.abort(),
    close: () => {
      for (const name of names) process.off(name, onSignal);
      process.off('disconnect', onParentGone);
    },
  };
}
