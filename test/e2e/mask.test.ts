import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';

let proxy: RunningProxy;

beforeAll(async () => {
  proxy = await startProxy([
    'policy.source=test/fixtures/policies/mask/bundle.tar.gz',
    'policy.timeout_ms=1000',
  ]);
});

afterAll(() => proxy.stop());

test('the bundle’s mask removes what it names from entries, and the entry says so', async () => {
  const client = connect(proxy.endpoint);
  const made = proxy.embedded?.operations.Encrypt({
    KeyId: 'alias/demo-source',
    Plaintext: Buffer.from('x'),
  });
  const { decisionId } = await reEncrypt(client, {
    ciphertextBlob: made?.CiphertextBlob ?? Buffer.alloc(0),
    sourceKeyId: 'alias/demo-source',
    destinationKeyId: 'alias/demo-destination',
  });
  client.close();
  const intent = proxy.entries().find((entry) => entry['decision_id'] === decisionId);
  expect(intent).toMatchObject({
    kind: 'intent',
    input: { source: { tags: 'masked' }, destination: { tags: 'masked' } },
    masked: ['/input/destination/tags', '/input/source/tags'],
  });
});

test('a mask that would write more than 64 KiB stops the call, and the log says why', async () => {
  const client = connect(proxy.endpoint);
  const told = await refusalOf(
    reEncrypt(client, {
      ciphertextBlob: Buffer.from('any'),
      sourceKeyId: 'alias/demo-source',
      sourceEncryptionContext: { much: 'x' },
      destinationKeyId: 'alias/demo-destination',
    }),
  );
  client.close();
  expect(told.reason).toBe('AUDIT_UNAVAILABLE');
  const entry = proxy.entries().find((one) => one['decision_id'] === told.decisionId);
  expect(entry).toMatchObject({ kind: 'refusal', error: 'MASK_FAILED' });
  expect(JSON.stringify(entry).length).toBeLessThan(2000);
  expect(proxy.logged.join('')).toContain('the mask is longer than 65536 characters');
});
