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
  { stdin = Buffer.alloc(0), env = {} }: Surroundings = {},
): Promise<Ran> {
  const [stdout, stderr] = [collect(), collect()];
  const exit = await run(args, {
    stdin: Readable.from([stdin]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: { AWS_CONFIG_FILE: '/nonexistent', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent', ...env },
  });
  const stdoutBytes = stdout.bytes();
  return { exit, stdout: stdoutBytes.toString(), stdoutBytes, stderr: stderr.bytes().toString() };
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
