/** A sleep that can be cut short. A call that comes while nobody sleeps is not lost: the next sleep ends at once. */
export function createWakeUp() {
  let woken = false;
  let rouse: (() => void) | null = null;
  return {
    wake(): void {
      woken = true;
      rouse?.();
    },
    sleep(ms: number, signal: AbortSignal): Promise<void> {
      if (woken || signal.aborted) {
        woken = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', finish);
          rouse = null;
          woken = false;
          resolve();
        };
        const timer = setTimeout(finish, ms);
        signal.addEventListener('abort', finish, { once: true });
        rouse = finish;
      });
    },
  };
}
