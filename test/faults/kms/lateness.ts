import { readFileSync } from 'node:fs';
import process from 'node:process';

/**
 * Milliseconds that an answer came after `dueMs`, without what the answering process did not cause:
 * how late a plain timer is here, and how long either process waited for a processor meanwhile.
 */
export async function lateness(
  answered: Promise<unknown>,
  { dueMs, pid }: { readonly dueMs: number; readonly pid: number },
): Promise<number> {
  const started = performance.now();
  let late = 0;
  let waited = 0;
  const timer = setTimeout(() => {
    late = performance.now() - started - dueMs;
    waited = waitedMs(pid);
  }, dueMs);
  await answered;
  clearTimeout(timer);
  const passed = performance.now() - started - dueMs;
  return waited === 0 ? passed : passed - late - (waitedMs(pid) - waited);
}

/** Milliseconds until an answer, less the time either process waited for a processor. */
export async function ownTime(answered: Promise<unknown>, pid: number): Promise<number> {
  const started = performance.now();
  const waited = waitedMs(pid);
  await answered;
  return performance.now() - started - (waitedMs(pid) - waited);
}

/** Second number of Linux's schedstat: nanoseconds on a run queue. */
function waitedMs(pid: number): number {
  return [pid, process.pid]
    .map((one) => readFileSync(`/proc/${one}/task/${one}/schedstat`, 'utf8').split(' ')[1])
    .reduce((sum, nanoseconds) => sum + Number(nanoseconds) / 1e6, 0);
}
