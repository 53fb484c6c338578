import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckReEncryptResponse__Output } from '../../src/gen/kms/reencrypt/v1/CheckReEncryptResponse.ts';
import type { ReEncryptRequest } from '../../src/gen/kms/reencrypt/v1/ReEncryptRequest.ts';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import { closeAll, connect, refusalOf } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';
import { HAZARDS } from '../policy/values.ts';

let proxy: RunningProxy;
let client: ReEncryptServiceClient;

beforeAll(async () => {
  proxy = await startProxy();
  client = connect(proxy.endpoint);
});

afterAll(async () => {
  closeAll(client);
  await proxy.stop();
});

function check(request?: ReEncryptRequest, by = client): Promise<CheckReEncryptResponse__Output> {
  return new Promise((resolve, reject) => {
    by.CheckReEncrypt(request ? { request } : {}, (error, response) =>
      error || !response ? reject(error) : resolve(response),
    );
  });
}

const REQUEST = {
  sourceKeyId: 'alias/demo-source',
  sourceEncryptionContext: { tenant: 'acme' },
  destinationKeyId: 'alias/demo-destination',
  destinationEncryptionContext: { tenant: 'acme' },
};

test('a check without a source key is answered where only the re-encryption needs one', async () => {
  const strict = await startProxy([`policy.source=${HAZARDS}`]);
  const other = connect(strict.endpoint);
  const { sourceKeyId: _, ...unnamed } = REQUEST;
  const answer = await check(unnamed, other);
  expect(answer).toMatchObject({ allow: false, reason: 'SOURCE_KEY_REQUIRED', rule: 'fine' });
  closeAll(other);
  await strict.stop();
});

describe('a check', () => {
  test('reports an allowed call with its keys, and has KMS do nothing', async () => {
    const answer = await check(REQUEST);
    expect(answer).toMatchObject({
      allow: true,
      reason: '',
      rule: 'demo',
      source: { requestedKeyId: 'alias/demo-source', state: 'Enabled' },
      destination: { aliases: ['alias/demo-destination'] },
    });
    const entries = proxy.entries().filter((e) => e['decision_id'] === answer.decisionId);
    expect(entries).toMatchObject([{ kind: 'check', outcome: { status: 'checked' } }]);
    expect(entries[0]).not.toHaveProperty('kms');
  });

  test('reports a denied call with the reasons, as an answer, not an error', async () => {
    const answer = await check({ ...REQUEST, destinationEncryptionContext: { tenant: 'globex' } });
    expect(answer).toMatchObject({ allow: false, reason: 'POLICY_DENIED', rule: 'demo' });
    expect(answer.reasons).toMatchObject([
      { side: 'destination', message: expect.stringMatching(/tenant/) },
    ]);
  });

  test('has no source if the caller names none', async () => {
    const { sourceKeyId: _, ...unnamed } = REQUEST;
    expect(await check(unnamed)).toMatchObject({ allow: true, source: null });
  });

  test('without a request is the caller’s mistake', async () => {
    const told = await refusalOf(check());
    expect(told.code).toBe(status.INVALID_ARGUMENT);
    expect(told.fields).toMatchObject([{ field: 'request' }]);
  });
});
