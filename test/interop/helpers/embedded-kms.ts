import process from 'node:process';
import { type Child, startChild } from './child.ts';

export interface RunningEmbeddedKms {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  readonly child: Child;
  stop(): Promise<number | NodeJS.Signals>;
}

/** `embedded-kms` as its users run it, on a free port, with the contract's keys and principals. */
export async function startEmbeddedKms(args: readonly string[] = []): Promise<RunningEmbeddedKms> {
  const seed = ['--seed', 'test/kms/contract/seed.yaml'];
  const child = startChild(process.execPath, [
    'src/main.ts',
    'embedded-kms',
    '--listen',
    '127.0.0.1:0',
    ...seed,
    ...args,
  ]);
  const [, endpoint = ''] = await child.matches(/embedded KMS on (http:\S+)/);
  return { endpoint, child, stop: () => child.stop() };
}
