import { constants, createWriteStream, openSync, statSync } from 'node:fs';
import { ofSettingSync } from '../thrown.ts';
import type { Evaluation } from './evaluation.ts';

/** Records whole inputs, with encryption context values in clear: for `policy replay`, never by default. */
interface Capture {
  /** @param input the input of the decision, as JSON text. */
  write(input: string, decision: Pick<Evaluation, 'effect' | 'rule'>): void;
  close(): Promise<void>;
}

/** Bytes that wait for a disk that hangs; beyond them, inputs are left out. */
const MOST_WAITING = 4 << 20;

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
/** Without O_NONBLOCK, a FIFO would be waited for. */
const APPEND = O_APPEND | O_CREAT | O_NONBLOCK | O_WRONLY;

/** Appends to a file that only its owner may read. @throws Error if others may, or it cannot be written */
export function createCapture(path: string): Capture {
  const stream = createWriteStream(path, { fd: open(path) });
  // A failed write is ignored: captures only serve a later replay, and must not disturb calls.
  stream.on('error', () => {});
  return {
    write(input, { effect, rule }) {
      if (stream.writableLength > MOST_WAITING) return;
      const result = JSON.stringify({ allow: effect === 'allow', rule });
      stream.write(`{"input":${input},"result":${result}}\n`);
    },
    close: () => new Promise((resolve) => stream.end(resolve)),
  };
}

function open(path: string): number {
  return ofSettingSync('policy.capture_file', () => {
    refuseOpenFile(path);
    return openSync(path, APPEND, 0o600);
  });
}

/** @throws Error if the file exists and others may read it */
export function refuseOpenFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found || (found.mode & 0o077) === 0) return;
  throw new Error(
    `${path} may be read by others; it holds values in clear and must be of mode 0600`,
  );
}
