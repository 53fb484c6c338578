import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until it is so, and tells after how many milliseconds; a busy machine is given time. */
export async function until(done: () => boolean | Promise<boolean>, ms = 10_000): Promise<number> {
  const start = performance.now();
  while (!(await done())) {
    if (performance.now() - start > ms) throw new Error(`it did not come to that in ${ms} ms`);
    await sleep(10);
  }
  return performance.now() - start;
}
