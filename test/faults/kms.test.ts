import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import { type AwsProxy, startAwsProxy } from '../helpers/aws-proxy.ts';
import {
  type Behaviour,
  EMPTY_200,
  FAKE_REGION,
  type FakeKms,
  HTML_503,
} from '../helpers/fake-kms.ts';
import { reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import type { RunningProxy } from '../helpers/proxy.ts';
import { createWorld } from '../simulation/world.ts';
import { reportTrials, SEED, trials } from './trials.ts';

const REQUEST = {
  ciphertextBlob: Buffer.from('ciphertext'),
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
};

let aws: AwsProxy;
let kms: FakeKms;
let proxy: RunningProxy;
let client: ReEncryptServiceClient;

const asked = (): number =>
  kms.requests.filter(({ operation }) => operation === 'ReEncrypt').length;

beforeAll(async () => {
  aws = await startAwsProxy();
  ({ kms, proxy, client } = aws);
});

beforeEach(() => kms.forget());

afterAll(() => aws.close());

/** Lets the breaker of the last test close again. */
async function untilWell(): Promise<void> {
  kms.always(undefined, 'ReEncrypt');
  await expect
    .poll(() => reEncrypt(client, REQUEST).then(() => 'OK', String), { timeout: 10_000 })
    .toBe('OK');
}

const error = (name: string, http = 400): Behaviour => ({ kind: 'error', name, status: http });
const changed = (change: Readonly<Record<string, unknown>>): Behaviour => ({
  kind: 'answer',
  change,
});
const OTHER = `arn:aws:kms:${FAKE_REGION}:111122223333:key/ffffffff-0000-4000-8000-000000000000`;

// biome-ignore format: a table reads best with a fault a line.
const FAULTS: readonly (readonly [string, Behaviour, keyof typeof status])[] = [
  ['hangs', { kind: 'hang' }, 'DEADLINE_EXCEEDED'],
  ['sends its body too slowly', { kind: 'slow_body', everyMs: 200 }, 'DEADLINE_EXCEEDED'],
  ['resets', { kind: 'reset' }, 'UNAVAILABLE'],
  ['cuts its body short', { kind: 'cut_body' }, 'UNAVAILABLE'],
  ['answers an empty 200', EMPTY_200, 'FAILED_PRECONDITION'],
  ['answers a page of a load balancer', HTML_503, 'UNAVAILABLE'],
  ['reports another destination key', changed({ KeyId: OTHER }), 'FAILED_PRECONDITION'],
  ['reports another source key', changed({ SourceKeyId: OTHER }), 'FAILED_PRECONDITION'],
  ['throttles', error('ThrottlingException'), 'RESOURCE_EXHAUSTED'],
  ['fails inside', error('KMSInternalException', 500), 'UNAVAILABLE'],
  ['denies', error('AccessDeniedException'), 'PERMISSION_DENIED'],
  ['knows no such key', error('NotFoundException'), 'NOT_FOUND'],
  ['finds the key disabled', error('DisabledException'), 'FAILED_PRECONDITION'],
  ['cannot decrypt', error('InvalidCiphertextException'), 'INVALID_ARGUMENT'],
  ['finds our token expired', error('ExpiredTokenException'), 'UNAVAILABLE'],
];

describe('F9: a KMS that', () => {
  test.each(FAULTS)('%s gives no OK, but its status in time', async (name, behaviour, code) => {
    const count = trials(100);
    const deadlineMs = 400;
    const codes = new Map<string, number>();
    let slowest = 0;
    for (let trial = 0; trial < count; trial += 1) {
      // Few in a row, so that what is seen is the fault and not the breaker.
      if (trial % 8 === 0) await untilWell();
      kms.always(behaviour, 'ReEncrypt');
      const started = performance.now();
      const told = await refusalOf(reEncrypt(client, REQUEST, deadlineMs));
      slowest = Math.max(slowest, performance.now() - started);
      codes.set(status[told.code] ?? '', (codes.get(status[told.code] ?? '') ?? 0) + 1);
    }
    await untilWell();
    expect([...codes.keys()]).toEqual([code]);
    expect(slowest).toBeLessThan(deadlineMs + 150);
    reportTrials({
      fault: `F9 ${name}, slowest ${Math.round(slowest)} ms`,
      trials: count,
      injections: count,
    });
  });
});

test('F10: a KMS that throttles everything is not asked more than 1.2 times a call, and recovery takes under 2 s', async () => {
  const seconds = Math.max(2, trials(10));
  await untilWell();
  const before = asked();
  kms.always(error('ThrottlingException'), 'ReEncrypt');
  let calls = 0;
  let limited = 0;
  const until = performance.now() + seconds * 1000;
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      const told = await refusalOf(reEncrypt(client, REQUEST));
      expect([told.code, told.pushback]).toEqual([status.RESOURCE_EXHAUSTED, '-1']);
      if (told.reason === 'LIMITED') limited += 1;
      else calls += 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, caller));
  const ratio = (asked() - before) / calls;
  kms.always(undefined, 'ReEncrypt');
  const started = performance.now();
  await expect
    .poll(() => reEncrypt(client, REQUEST).then(() => 'OK', String), { timeout: 2000 })
    .toBe('OK');
  expect(ratio).toBeLessThanOrEqual(1.2);
  const took = Math.round(performance.now() - started);
  reportTrials({
    fault: `F10 ratio ${ratio.toFixed(3)}, limited ${limited}, well after ${took} ms`,
    trials: seconds,
    injections: calls,
  });
});

test('F16: a caller who goes at any moment is recorded once, and KMS is let go', async () => {
  const count = trials(5000);
  const world = createWorld(SEED);
  await untilWell();
  kms.always({ kind: 'answer', delayMs: 5 }, 'ReEncrypt');
  const before = proxy.entries().length;
  let gone = 0;
  for (let done = 0; done < count; done += 25) {
    await Promise.all(
      Array.from({ length: Math.min(25, count - done) }, async () => {
        const deadline = world.chance(0.3)
          ? Date.now() + world.between(1, 25)
          : Date.now() + 10_000;
        const ended = Promise.withResolvers<void>();
        const call = client.ReEncrypt(REQUEST, { deadline }, (failed) => {
          if (failed) gone += 1;
          ended.resolve();
        });
        if (world.chance(0.6)) setTimeout(() => call.cancel(), world.between(0, 20));
        await ended.promise;
      }),
    );
  }
  await expect.poll(async () => unended(before), { timeout: 5000 }).toEqual([]);
  const terminals = countTerminals(before);
  expect([...terminals.values()].filter((times) => times !== 1)).toEqual([]);
  reportTrials({
    fault: `F16 (${terminals.size} reached the log)`,
    trials: count,
    injections: gone,
  });
});

const idOf = (entry: Readonly<Record<string, unknown>>): string =>
  String(entry['decision_id'] ?? '');

/** Calls with an intent and no outcome. */
function unended(from: number): string[] {
  const entries = proxy.entries().slice(from);
  const ended = new Set(entries.filter(({ kind }) => kind === 'outcome').map(idOf));
  return entries.filter((entry) => entry['kind'] === 'intent' && !ended.has(idOf(entry))).map(idOf);
}

function countTerminals(from: number): Map<string, number> {
  const terminals = new Map<string, number>();
  for (const entry of proxy.entries().slice(from)) {
    if (idOf(entry) === '' || entry['kind'] === 'intent') continue;
    terminals.set(idOf(entry), (terminals.get(idOf(entry)) ?? 0) + 1);
  }
  return terminals;
}
