import type { Terminal } from './command.ts';

export interface Progress {
  /** `told` says more than the share of the bytes, such as how many items they were. */
  show(bytes: number, told?: string): void;
  clear(): void;
}

const WIDTH = 30;
/** What ends sooner needs no progress. */
const WORTH_SHOWING_MS = 1_000;
const REDRAWN_AFTER_MS = 100;
const LOGGED_AFTER_MS = 60_000;

/**
 * On standard error, once the work has taken a second: a bar if that is a terminal, and a line a minute if it is
 * not, as for a job whose output is a log. `total` is in bytes, 0 if it is not known.
 */
export function createProgress(
  { stderr }: Terminal,
  total: number,
  now: () => number = () => performance.now(),
): Progress {
  const isTerminal = stderr.isTTY === true;
  const every = isTerminal ? REDRAWN_AFTER_MS : LOGGED_AFTER_MS;
  let isDrawn = false;
  let due = now() + (isTerminal ? WORTH_SHOWING_MS : every);
  return {
    show(bytes, told = '') {
      const at = now();
      if (at < due) return;
      due = at + every;
      const part = total > 0 ? Math.min(1, bytes / total) : undefined;
      const line = [shareOf(part, total), told].filter((text) => text !== '').join(', ');
      isDrawn = isTerminal;
      stderr.write(isTerminal ? drawn(part, line, stderr.columns) : `${line}\n`);
    },
    clear() {
      if (isDrawn) stderr.write('\r\u001b[K');
      isDrawn = false;
    },
  };
}

function shareOf(part: number | undefined, total: number): string {
  if (part === undefined) return '';
  return `${Math.floor(part * 100)} % of ${Math.round(total / 1e6)} MB`;
}

/**
 * It fits into the terminal's current width: if it wrapped, `\r` could not go back to the line where it began.
 * A terminal that says 0 does not know; the last column is left free, because some terminals wrap after it.
 */
function drawn(part: number | undefined, line: string, columns: number | undefined): string {
  const room = (columns || 80) - 1;
  const bar = part === undefined ? '' : barOf(part, Math.min(WIDTH, room - line.length - 3));
  return `\r${(bar + line).slice(0, room)}\u001b[K`;
}

function barOf(part: number, width: number): string {
  if (width < 1) return '';
  const full = Math.round(part * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}] `;
}
