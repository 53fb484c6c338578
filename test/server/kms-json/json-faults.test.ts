import { ReEncryptCommand } from '@aws-sdk/client-kms';
import { expect, it } from 'vitest';
import { Refusal } from '../../../src/errors.ts';
import { DECISION, REQUEST, serveHandler } from './serve-handler.ts';

it('answers a denial with AccessDeniedException: who refused, reason, side, rule and decision id', async () => {
  const refusal = new Refusal('POLICY_DENIED', {
    sentence: 'The tenant must stay.',
    side: 'destination',
    rule: 'keep-tenant',
  });
  const { client } = await serveHandler({ pipeline: () => Promise.reject(refusal) });
  await expect(client().send(new ReEncryptCommand(REQUEST))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: `The tenant must stay. (refused by policy, reason POLICY_DENIED, side destination, rule keep-tenant, decision id ${DECISION})`,
    $metadata: { httpStatusCode: 400, requestId: DECISION },
  });
});

it.each([
  [new Refusal('KMS_KEY_DISABLED', { kmsError: 'DisabledException' }), 'DisabledException', 400],
  [new Refusal('KMS_INVALID_CIPHERTEXT'), 'InvalidCiphertextException', 400],
  [new Refusal('KMS_THROTTLED', { kmsError: 'ThrottlingException' }), 'ThrottlingException', 400],
  [new Refusal('KMS_UNAVAILABLE', { kmsError: 'ServiceUnavailable' }), 'ServiceUnavailable', 500],
  [
    new Refusal('PROXY_CREDENTIALS', { kmsError: 'ExpiredTokenException' }),
    'KMSInternalException',
    500,
  ],
  [
    new Refusal('KEY_FACTS_UNAVAILABLE', { kmsError: 'AccessDeniedException' }),
    'KMSInternalException',
    500,
  ],
  [new Refusal('AUDIT_UNAVAILABLE'), 'KMSInternalException', 500],
  [new Refusal('DEADLINE_EXCEEDED'), 'DependencyTimeoutException', 500],
  [new Error('nobody foresaw this'), 'KMSInternalException', 500],
])('answers %s as %s, HTTP %i', async (thrown, name, status) => {
  const { client } = await serveHandler({ pipeline: () => Promise.reject(thrown) });
  await expect(client().send(new ReEncryptCommand(REQUEST))).rejects.toMatchObject({
    name,
    message: expect.not.stringContaining('nobody foresaw'),
    $metadata: { httpStatusCode: status },
  });
});

it('a key id that only the pipeline finds wrong is named as the AWS API names it', async () => {
  const fields = [{ field: 'source_key_id', description: 'must be a key ARN' }];
  const thrown = new Refusal('INVALID_REQUEST', { sentence: 'source_key_id must be…', fields });
  const { client } = await serveHandler({ pipeline: () => Promise.reject(thrown) });
  await expect(client().send(new ReEncryptCommand(REQUEST))).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(
      /^1 validation error detected: Value at 'sourceKeyId' failed .* Member must be a key ARN \(/,
    ),
  });
});
