import type { Terminal } from './command.ts';

export interface Progress {
  show(bytes: number): void;
  clear(): void;
}

const WIDTH = 30;

/** Bytes in all, and how many make the work long enough for a bar. */
interface Extent {
  readonly total: number;
  readonly worthShowing: number;
}

/**
 * A bar on standard error, if that is a terminal and the work is long. It fits into the terminal's current
 * width: if it wrapped, `\r` could not go back to the line where it began.
 */
export function createProgress({ stderr }: Terminal, { total, worthShowing }: Extent): Progress {
  const shown = stderr.isTTY === true && total >= worthShowing;
  if (!shown) return { show: () => undefined, clear: () => undefined };
  return {
    show(bytes) {
      const part = Math.min(1, bytes / total);
      const told = `${Math.floor(part * 100)} % of ${Math.round(total / 1e6)} MB`;
      // A terminal that says 0 does not know; the last column is left free, because some terminals wrap after it.
      const room = (stderr.columns || 80) - 1;
      const line = bar(part, Math.min(WIDTH, room - told.length - 3)) + told;
      stderr.write(`\r${line.slice(0, room)}\u001b[K`);
    },
    clear: () => void stderr.write('\r\u001b[K'),
  };
}

function bar(part: number, width: number): string {
  if (width < 1) return '';
  const full = Math.round(part * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}] `;
}
