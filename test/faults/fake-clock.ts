import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { runTool } from '../interop/helpers/tools.ts';

/** The wall clock of another process; its monotonic clock is untouched, as in a real step. */
export interface FakeClock {
  /** For that process. */
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds since the Unix epoch, as that process sees them. */
  now(): number;
  set(offsetMs: number): void;
  remove(): void;
}

/** Uses libfaketime, which rereads the offset at each look at the clock. */
export function createFakeClock(): FakeClock {
  const file = join(tmpdir(), `clock-${process.pid}`);
  let offset = 0;
  const set = (offsetMs: number): void => {
    const seconds = Math.round(offsetMs / 1000);
    offset = seconds * 1000;
    writeFileSync(`${file}.new`, seconds < 0 ? String(seconds) : `+${seconds}`);
    renameSync(`${file}.new`, file);
  };
  set(0);
  return {
    env: {
      LD_PRELOAD: libraryOf(),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    now: () => Date.now() + offset,
    set,
    remove: () => rmSync(file),
  };
}

/**
 * The faketime command creates a semaphore named after its process id, and fails if an earlier process
 * with that id left one behind; the next try has another id.
 */
function libraryOf(tries = 5): string {
  try {
    return /LD_PRELOAD=(\S+)/.exec(runTool('faketime', ['-m', '-f', '+0s', 'env']))?.[1] ?? '';
  } catch (thrown) {
    if (tries === 1 || !String(thrown).includes('File exists')) throw thrown;
    return libraryOf(tries - 1);
  }
}
