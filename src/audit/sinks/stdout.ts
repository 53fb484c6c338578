import { writeSync } from 'node:fs';
import { codeOf } from '../../thrown.ts';
import type { Sink } from './deliver.ts';

const STDOUT = 1;
const FULL_PIPE_MS = 20;

/** One JSON line per entry. Writes straight to the descriptor: a full pipe holds up only this thread. */
export function createStdoutSink(wait: (ms: number) => Promise<void>, fd = STDOUT): Sink {
  return {
    name: 'stdout',
    batchBytes: 64 << 10,
    async send(lines) {
      let rest = Buffer.concat(lines.flatMap(({ bytes }) => [bytes, NEWLINE]));
      while (rest.length > 0) {
        const taken = tryWrite(fd, rest);
        if (taken === 0) await wait(FULL_PIPE_MS);
        rest = rest.subarray(taken);
      }
    },
  };
}

const NEWLINE = Buffer.from('\n');

function tryWrite(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes);
  } catch (thrown) {
    if (codeOf(thrown) === 'EAGAIN') return 0;
    throw thrown;
  }
}
