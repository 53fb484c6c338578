import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AwsProxy, startAwsProxy, TRANSPORTS } from '../../helpers/aws-proxy.ts';
import { reEncrypt, refusalOf } from '../../helpers/grpc-client.ts';
import { reportTrials, trials } from '../trials.ts';
import { REQUEST, untilWell } from './rounds.ts';

const THROTTLES = { kind: 'error', name: 'ThrottlingException' } as const;
const TRIAL_MS = 10_000;
const CALLERS = 16;

describe.each(TRANSPORTS)('F10 over the %s transport', (transport) => {
  let aws: AwsProxy;

  beforeAll(async () => {
    aws = await startAwsProxy({ settings: [`kms.aws.transport=${transport}`] });
  });
  afterAll(() => aws.close());

  /** Calls that the proxy accepted while it was throttled, and those that it turned away itself. */
  async function load(): Promise<{ accepted: number; limited: number }> {
    const until = performance.now() + TRIAL_MS;
    const seen = { accepted: 0, limited: 0 };
    const caller = async (): Promise<void> => {
      while (performance.now() < until) {
        const told = await refusalOf(reEncrypt(aws.client, REQUEST));
        expect([told.code, told.pushback]).toEqual([status.RESOURCE_EXHAUSTED, '-1']);
        seen[told.reason === 'LIMITED' ? 'limited' : 'accepted'] += 1;
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return seen;
  }

  test('a KMS that throttles everything for 10 s is asked at most 1.2 times per call, and service recovers within 2 s', async () => {
    const count = trials(10);
    const { kms, client } = aws;
    let [worst, slowest, calls] = [0, 0, 0];
    for (let trial = 0; trial < count; trial += 1) {
      await untilWell(client);
      kms.forget();
      kms.always(THROTTLES, 'ReEncrypt');
      const { accepted } = await load();
      worst = Math.max(worst, kms.requests.length / accepted);
      calls += accepted;
      kms.always(undefined, 'ReEncrypt');
      const started = performance.now();
      await untilWell(client);
      slowest = Math.max(slowest, performance.now() - started);
    }
    expect(worst).toBeLessThanOrEqual(1.2);
    expect(slowest).toBeLessThan(2000);
    reportTrials({
      fault: `F10 ${transport}, worst ratio ${worst.toFixed(3)}, well after ${Math.round(slowest)} ms`,
      trials: count,
      injections: calls,
    });
  });
});
