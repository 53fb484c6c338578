import type { Terminal } from '../command.ts';

export interface Progress {
  show(bytes: number): void;
  clear(): void;
}

/** Short work needs no bar. */
const WORTH_SHOWING_BYTES = 64 << 20;
const WIDTH = 30;

/** A bar on standard error, where that is a terminal and the work is long. */
export function createProgress({ stderr }: Terminal, total: number): Progress {
  const shown = stderr.isTTY === true && total >= WORTH_SHOWING_BYTES;
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
