import { spawnSync } from 'node:child_process';
import process from 'node:process';

/** Milliseconds that an empty Node program takes on the machine on which the limits were set. */
const USUAL_MS = 30;

/**
 * How many times slower this machine is now than that one, at least 1: limits on processor time are
 * multiplied by it. The same machine has been half as fast for hours.
 */
export function slowness(): number {
  const took = Array.from({ length: 7 }, () => {
    const started = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    return performance.now() - started;
  }).sort((one, other) => one - other);
  return Math.max(1, (took[3] ?? 0) / USUAL_MS);
}
