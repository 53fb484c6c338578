import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, reEncrypt } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';

let proxy: RunningProxy;

beforeAll(async () => {
  proxy = await startProxy(['policy.source=test/fixtures/policies/mask/bundle.tar.gz']);
});

afterAll(() => proxy.stop());

test('the mask of the bundle takes out of entries what it names, and the entry says so', async () => {
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
