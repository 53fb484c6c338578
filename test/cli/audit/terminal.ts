import { PassThrough, Readable } from 'node:stream';
import type { Terminal } from '../../../src/cli/command.ts';

/** A terminal that remembers what was written to it. */
export function createTerminal(env: Terminal['env'] = {}, input = '') {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [output, errors]: [string[], string[]] = [[], []];
  stdout.on('data', (chunk) => output.push(String(chunk)));
  stderr.on('data', (chunk) => errors.push(String(chunk)));
  const stdin = Readable.from([input]);
  return {
    ...{ stdin, stdout, stderr, env },
    output: () => output.join(''),
    errors: () => errors.join(''),
  };
}
