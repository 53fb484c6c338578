import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `done`, long enough for a busy machine, and returns how many milliseconds it took. */
export async function until(
  done: () => boolean | Promise<boolean>,
  ms = 10_000,
  pause: () => Promise<unknown> = () => sleep(10),
): Promise<number> {
  const start = performance.now();
  while (!(await done())) {
    if (performance.now() - start > ms) throw new Error(`it did not come to that in ${ms} ms`);
    await pause();
  }
  return performance.now() - start;
}
