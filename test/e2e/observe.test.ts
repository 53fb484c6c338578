import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import { startAwsProxy } from '../helpers/aws-proxy.ts';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';
import { HAZARDS } from '../policy/values.ts';

let proxy: RunningProxy;
let client: ReEncryptServiceClient;

/** Observes a policy that allows every call, but only with its source key named. */
beforeAll(async () => {
  proxy = await startProxy(['policy.enforce=false', `policy.source=${HAZARDS}`]);
  client = connect(proxy.endpoint);
});

afterAll(async () => {
  closeAll(client);
  await proxy.stop();
});

test('observe mode performs a call that lacks its source key, and says that it would be denied', async () => {
  const made = proxy.embedded?.operations.Encrypt({
    KeyId: 'alias/demo-source',
    Plaintext: Buffer.from('plaintext'),
  });
  const answer = await reEncrypt(client, {
    ciphertextBlob: made?.CiphertextBlob ?? new Uint8Array(),
    destinationKeyId: 'alias/demo-destination',
  });
  const entries = proxy.entries().filter((entry) => entry['decision_id'] === answer.decisionId);
  expect(entries).toMatchObject([
    { enforced: false, result: { allow: false, reasons: [{ code: 'SOURCE_KEY_REQUIRED' }] } },
    { kms: { source: { key_arn: answer.sourceKeyId } }, outcome: { status: 'released' } },
  ]);
  expect(entries[1], 'no second decision hides the first').not.toHaveProperty('result');
  const labels = 'effect="deny",reason="SOURCE_KEY_REQUIRED",rule="fine",side="source"';
  expect(await proxy.metric(`kms_reencrypt_decisions_total{${labels}}`)).toBe('1');
});

test('observe mode lets no call pass whose key facts could not be obtained', async () => {
  const around = await startAwsProxy({ settings: ['policy.enforce=false'] });
  around.kms.always({ kind: 'error', name: 'AccessDeniedException' }, 'DescribeKey');
  const call = {
    ciphertextBlob: Buffer.from('any'),
    sourceKeyId: 'alias/a',
    destinationKeyId: 'alias/b',
  };
  const told = await refusalOf(reEncrypt(around.client, call));
  expect(told).toMatchObject({ reason: 'KEY_FACTS_UNAVAILABLE' });
  expect(around.kms.requests.map(({ operation }) => operation)).not.toContain('ReEncrypt');
  await around.close();
});
