import { afterEach, expect, test } from 'vitest';
import { reEncrypt, refusalOf } from '../../helpers/grpc-client.ts';
import { slowness } from '../slowness.ts';
import { reportTrials, trials } from '../trials.ts';
import { type ProxyApart, startProxyApart } from './apart.ts';
import { ownTime } from './lateness.ts';
import { REQUEST, untilWell } from './rounds.ts';

/** On a machine of the usual speed. */
const DUE_MS = 5;
const PLACES = 8;

let apart: ProxyApart;

afterEach(() => apart.close());

/** Fills all places with calls that wait for a KMS that does not answer. */
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
  await expect.poll(told, { interval: 1 }).toMatch(/failed too often/);
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
])('while %s, 19 of 20 calls are refused within 5 ms', async (what, reason, settings, fill) => {
  // Disk time is not what this measures.
  const all = [...settings, 'audit.durability=write'];
  apart = await startProxyApart('direct', undefined, all);
  await untilWell(apart.client);
  for (let n = 0; n < 300; n += 1) await reEncrypt(apart.client, REQUEST);
  await fill();
  // With fewer, two calls that something else held up could be one in 20.
  const [count, before] = [Math.max(200, trials(400)), slowness()];
  const took: number[] = [];
  const reasons = new Map<string, number>();
  for (let n = 0; n < count; n += 1) {
    const told = refusalOf(reEncrypt(apart.client, REQUEST));
    took.push(await ownTime(told, apart.pid));
    const { reason: was } = await told;
    reasons.set(was, (reasons.get(was) ?? 0) + 1);
  }
  took.sort((one, other) => one - other);
  // The machine may have become slower since.
  const dueMs = DUE_MS * Math.max(before, slowness());
  const [median = 0, most = 0] = [0.5, 0.95].map((part) => took[Math.floor(count * part)]);
  expect([...reasons.keys()]).toEqual([reason]);
  expect(most).toBeLessThan(dueMs);
  reportTrials({
    fault: `${what}: told after ${median.toFixed(1)} ms, 19 of 20 within ${most.toFixed(1)} of ${dueMs.toFixed(1)}`,
    trials: count,
    injections: count,
  });
});
