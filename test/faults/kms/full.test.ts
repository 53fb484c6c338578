import { afterEach, expect, test } from 'vitest';
import { reEncrypt, refusalOf } from '../../helpers/grpc-client.ts';
import { reportTrials, trials } from '../trials.ts';
import { type ProxyApart, startProxyApart } from './apart.ts';
import { lateness } from './lateness.ts';
import { REQUEST, untilWell } from './rounds.ts';

const DUE_MS = 5;
const PLACES = 8;

let apart: ProxyApart;

afterEach(() => apart.close());

/** As many calls as there are places wait for a KMS that says nothing. */
async function hang(): Promise<void> {
  apart.kms.forget();
  apart.kms.always({ kind: 'hang' }, 'ReEncrypt');
  for (let n = 0; n < PLACES; n += 1) reEncrypt(apart.client, REQUEST, 25_000).catch(() => {});
  await expect.poll(() => apart.kms.requests.length).toBe(PLACES);
}

/** Enough failures for the breaker to open. */
async function fail(): Promise<void> {
  apart.kms.always({ kind: 'error', name: 'KMSInternalException', status: 500 }, 'ReEncrypt');
  const told = async () => (await refusalOf(reEncrypt(apart.client, REQUEST))).message;
  await expect.poll(told, { interval: 1, timeout: 10_000 }).toMatch(/failed too often/);
}

test.each([
  ['the door is full', 'LIMITED', [`limits.max_in_flight=${PLACES}`, 'limits.max_queue=0'], hang],
  [
    'KMS’s places are full',
    'LIMITED',
    [`limits.kms.max_in_flight=${PLACES}`, 'limits.kms.max_queue=0'],
    hang,
  ],
  ['the breaker is open', 'KMS_UNAVAILABLE', [], fail],
])('while %s, 19 calls of 20 are told so within 5 ms', async (what, reason, settings, fill) => {
  apart = await startProxyApart('direct', undefined, settings);
  await untilWell(apart.client);
  for (let n = 0; n < 300; n += 1) await reEncrypt(apart.client, REQUEST);
  await fill();
  const count = trials(400);
  const late: number[] = [];
  const reasons = new Map<string, number>();
  for (let n = 0; n < count; n += 1) {
    const told = refusalOf(reEncrypt(apart.client, REQUEST));
    late.push(await lateness(told, { dueMs: DUE_MS, pid: apart.pid }));
    const { reason: was } = await told;
    reasons.set(was, (reasons.get(was) ?? 0) + 1);
  }
  late.sort((one, other) => one - other);
  const [median, most] = [0.5, 0.95].map((part) => late[Math.floor(count * part)] ?? 0);
  expect([...reasons.keys()]).toEqual([reason]);
  expect(most).toBeLessThan(0);
  reportTrials({
    fault: `${what}: told after ${(DUE_MS + (median ?? 0)).toFixed(1)} ms, 19 of 20 within ${(DUE_MS + (most ?? 0)).toFixed(1)}`,
    trials: count,
    injections: count,
  });
});
