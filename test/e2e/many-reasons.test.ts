import { expect, test } from 'vitest';
import { exampleBundle } from '../helpers/example-bundle.ts';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { startProxy } from '../helpers/proxy.ts';

const RULE = {
  id: 'r',
  source: { keys: ['alias/demo-source'] },
  destination: { keys: ['alias/demo-destination'] },
  context: { keep: [], changes: { added: [] } },
};

test('a caller who breaks a rule very often or at length is denied with reasons, not by an invalid decision', async () => {
  const proxy = await startProxy([`policy.source=${exampleBundle(RULE)}`]);
  const client = connect(proxy.endpoint);
  const adding = (keys: readonly string[]) =>
    reEncrypt(client, {
      ciphertextBlob: Buffer.from('denied before KMS sees it'),
      sourceKeyId: 'alias/demo-source',
      destinationKeyId: 'alias/demo-destination',
      destinationEncryptionContext: Object.fromEntries(keys.map((key) => [key, 'value'])),
    });
  const often = Array.from({ length: 600 }, (_, n) => `key-${n}`);
  for (const keys of [often, ['k'.repeat(2_000)]]) {
    expect(await refusalOf(adding(keys))).toMatchObject({ reason: 'POLICY_DENIED' });
  }
  closeAll(client);
  await proxy.stop();
});
