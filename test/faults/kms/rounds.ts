import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { type connect, reEncrypt } from '../../helpers/grpc-client.ts';
import type { ProxyApart } from './apart.ts';
import { lateness } from './lateness.ts';

type Client = ReturnType<typeof connect>;

export const REQUEST = {
  ciphertextBlob: Buffer.from('ciphertext'),
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
};

/** Milliseconds: short if the deadline should end the call, otherwise long enough not to. */
const deadlineFor = (code: keyof typeof status): number =>
  code === 'DEADLINE_EXCEEDED' ? 400 : 3000;

/** Milliseconds that the fault matrix allows a call beyond its deadline. */
export const BEYOND_MS = 50;

/** Calls at once. Twice as many good ones between rounds keep the breaker closed, so it hides nothing. */
const ROUND = 8;

interface Rounds {
  /** gRPC status names with which the calls that met the fault ended. */
  readonly codes: ReadonlySet<string>;
  /** Milliseconds past the deadline, as `lateness` counts them; negative if the call ended before it. */
  readonly median: number;
  readonly slowest: number;
}

interface Fault {
  /** How the calls should end. */
  readonly code: keyof typeof status;
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

/** Lets `count` calls meet the fault, few at a time. */
export async function inRounds(
  { client, pid }: Pick<ProxyApart, 'client' | 'pid'>,
  count: number,
  { code, begin, end }: Fault,
): Promise<Rounds> {
  const codes = new Set<string>();
  const late: number[] = [];
  const dueMs = deadlineFor(code);
  const meet = async (): Promise<void> => {
    const answered = codeOf(answerWithin(client, dueMs));
    late.push(await lateness(answered, { dueMs, pid }));
    codes.add(await answered);
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
  late.sort((one, other) => one - other);
  return { codes, median: late[late.length >> 1] ?? 0, slowest: late.at(-1) ?? 0 };
}

export function inWords(
  code: keyof typeof status,
  { median, slowest }: Pick<Rounds, 'median' | 'slowest'>,
): string {
  const [usual, worst] = [median, slowest].map((late) => Math.round(deadlineFor(code) + late));
  return `${usual} ms, at most ${worst}, of ${deadlineFor(code)}`;
}

/** The deadline is only in the header: a client that enforced it would answer for the proxy. */
function answerWithin(client: Client, deadlineMs: number): Promise<unknown> {
  const metadata = new Metadata();
  metadata.set('grpc-timeout', `${deadlineMs}m`);
  return new Promise((resolve, reject) => {
    client.ReEncrypt(REQUEST, metadata, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
}

export async function untilWell(client: Client): Promise<void> {
  await expect.poll(() => codeOf(reEncrypt(client, REQUEST))).toBe('OK');
}

export function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'OK',
    ({ code }: ServiceError) => status[code] ?? String(code),
  );
}
