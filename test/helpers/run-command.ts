import { Readable, Writable } from 'node:stream';
import type { Run } from '../../src/cli/command.ts';

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

interface Surroundings {
  readonly stdin?: Uint8Array;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs a command in this process, with its own streams. */
export async function runCommand(
  run: Run,
  args: readonly string[],
  surroundings: Surroundings = {},
): Promise<Ran> {
  const terminal = createTerminal(surroundings);
  const exit = await run(args, terminal);
  const stdoutBytes = terminal.bytes();
  return { exit, stdout: stdoutBytes.toString(), stdoutBytes, stderr: terminal.errors() };
}

/** A terminal that remembers what was written to it. */
export function createTerminal({ stdin = Buffer.alloc(0), env = {} }: Surroundings = {}) {
  const [stdout, stderr] = [collect(), collect()];
  return {
    stdin: Readable.from([stdin]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: { AWS_CONFIG_FILE: '/nonexistent', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent', ...env },
    bytes: stdout.bytes,
    output: () => stdout.bytes().toString(),
    errors: () => stderr.bytes().toString(),
  };
}

function collect() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}
