import { type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import type { AwsProxy } from '../../helpers/aws-proxy.ts';
import { reEncrypt } from '../../helpers/grpc-client.ts';

export const REQUEST = {
  ciphertextBlob: Buffer.from('ciphertext'),
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
};

/** Milliseconds: short where the deadline is what should end the call, and no hindrance elsewhere. */
export const deadlineFor = (code: keyof typeof status): number =>
  code === 'DEADLINE_EXCEEDED' ? 400 : 3000;

/** At once. With twice as many good calls between them, the breaker stays shut and hides nothing. */
const ROUND = 8;

export interface Rounds {
  /** How the calls ended that met the fault: names of gRPC status. */
  readonly codes: ReadonlySet<string>;
  /** Milliseconds. */
  readonly median: number;
  readonly slowest: number;
}

export interface Fault {
  /** How the calls should end. */
  readonly code: keyof typeof status;
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

/** Lets `count` calls meet the fault, few at a time. */
export async function inRounds(
  { client }: AwsProxy,
  count: number,
  { code, begin, end }: Fault,
): Promise<Rounds> {
  const codes = new Set<string>();
  const took: number[] = [];
  const meet = async (): Promise<void> => {
    const started = performance.now();
    codes.add(await codeOf(reEncrypt(client, REQUEST, deadlineFor(code))));
    took.push(performance.now() - started);
  };
  const callWell = async (): Promise<void> => {
    await untilWell(client);
    await Promise.all(Array.from({ length: 2 * ROUND }, () => reEncrypt(client, REQUEST)));
  };
  await callWell();
  for (let done = 0; done < count; done += ROUND) {
    await begin();
    await Promise.all(Array.from({ length: Math.min(ROUND, count - done) }, meet));
    await end();
    await callWell();
  }
  took.sort((one, other) => one - other);
  return { codes, median: took[took.length >> 1] ?? 0, slowest: took.at(-1) ?? 0 };
}

export async function untilWell(client: AwsProxy['client']): Promise<void> {
  await expect.poll(() => codeOf(reEncrypt(client, REQUEST)), { timeout: 10_000 }).toBe('OK');
}

function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'OK',
    ({ code }: ServiceError) => status[code] ?? String(code),
  );
}
