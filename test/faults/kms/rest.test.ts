import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startAwsProxy, TRANSPORTS } from '../../helpers/aws-proxy.ts';
import { reEncrypt } from '../../helpers/grpc-client.ts';
import { reportTrials } from '../trials.ts';
import { REQUEST } from './rounds.ts';

/** Longer than a connection to KMS may rest, and less than the fake KMS keeps it. */
const REST_MS = 23_000;
const KEYS = 8;

test.concurrent.each(TRANSPORTS)(
  'no connection that rested for long, and may be forgotten on the way to KMS, is used again (%s transport)',
  async (transport) => {
    const { kms, client, close } = await startAwsProxy({
      settings: [`kms.aws.transport=${transport}`],
    });
    const call = (key: number) => reEncrypt(client, { ...REQUEST, sourceKeyId: `alias/${key}` });
    await Promise.all(Array.from({ length: KEYS }, (_, key) => call(key)));
    const before = kms.connections();
    await sleep(REST_MS);
    await call(KEYS);
    const fresh = kms.connections() - before;
    reportTrials({ fault: `connections at rest, ${transport}`, trials: 1, injections: before });
    // ReEncrypt has connections of its own over one of the transports; look-ups need another in any case.
    expect(fresh).toBeGreaterThan(transport === 'direct' ? 1 : 0);
    await close();
  },
);
