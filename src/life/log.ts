import type { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';

/** UTF-16 units that wait for a reader; together with what a pipe holds, a thousand lines or more. */
const MOST_WAITING = 256 << 10;

type Stream = Pick<Writable, 'write' | 'writableLength' | 'on'>;

/** The log of the process: one JSON line per entry, on standard error. */
export function openLog(stderr: Stream): Logger {
  const log: Logger = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: withoutWaiting(stderr, (lines) => tellLost(log, 'standard error', lines)) },
  );
  return log;
}

/** Prints lines on standard output, for those who ship them from there. */
export function openPrint(stdout: Stream, log: Logger): (line: string) => void {
  const write = withoutWaiting(stdout, (lines) => tellLost(log, 'standard output', lines));
  return (line) => write(`${line}\n`);
}

/**
 * A stopped log collector must not stop the calls: Node writes to a pipe or a socket without blocking (to a
 * file or a terminal at once) and keeps an unlimited backlog. Here lines above the limit are lost, and
 * `onLost` is called with their number once the rest has been read.
 */
function withoutWaiting(stream: Stream, onLost: (lines: number) => void): (line: string) => void {
  let lost = 0;
  stream.on('drain', () => {
    const lines = lost;
    lost = 0;
    if (lines > 0) onLost(lines);
  });
  return (line) => {
    if (stream.writableLength + line.length > MOST_WAITING) lost += 1;
    else stream.write(line);
  };
}

function tellLost(log: Logger, where: string, lines: number): void {
  log.warn({ lines }, `lines were lost: nobody read ${where}`);
}
