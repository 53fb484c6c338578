import type { Terminal } from './command.ts';

export interface Progress {
  show(bytes: number): void;
  clear(): void;
}

const WIDTH = 30;

/** Bytes in all, and from how many on the work is long enough for a bar. */
export interface Extent {
  readonly total: number;
  readonly worthShowing: number;
}

/** A bar on standard error, where that is a terminal and the work is long. */
export function createProgress({ stderr }: Terminal, { total, worthShowing }: Extent): Progress {
  const shown = stderr.isTTY === true && total >= worthShowing;
  if (!shown) return { show: () => undefined, clear: () => undefined };
  return {
    show(bytes) {
      const part = Math.min(1, bytes / total);
      const full = Math.round(part * WIDTH);
      const bar = `${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}`;
      stderr.write(`\r[${bar}] ${Math.floor(part * 100)} % of ${Math.round(total / 1e6)} MB`);
    },
    clear: () => void stderr.write('\r\u001b[K'),
  };
}
