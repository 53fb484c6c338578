import { createWriteStream, statSync } from 'node:fs';
import type { Decision } from '../call.ts';

/** Where whole inputs go, values of encryption contexts in clear: for `policy replay`, never by default. */
export interface Capture {
  /** @param input the input of the decision, as JSON text. */
  write(input: string, decision: Decision): void;
  close(): Promise<void>;
}

/** Appends to a file that its owner alone may read. @throws Error where others may */
export function createCapture(path: string): Capture {
  refuseOpenFile(path);
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  // What cannot be captured is not captured: it serves nobody but the one who will replay it.
  stream.on('error', () => {});
  return {
    write(input, { effect, rule }) {
      const result = JSON.stringify({ allow: effect === 'allow', rule });
      stream.write(`{"input":${input},"result":${result}}\n`);
    },
    close: () => new Promise((resolve) => stream.end(resolve)),
  };
}

/** @throws Error where others may read what is there */
export function refuseOpenFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found || (found.mode & 0o077) === 0) return;
  throw new Error(
    `${path} may be read by others; it holds values in clear and must be of mode 0600`,
  );
}
