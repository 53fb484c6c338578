import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exampleBundle } from '../helpers/example-bundle.ts';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { startProxy } from '../helpers/proxy.ts';

const KEYS = { keys: ['*'] };
const RULE = { id: 'r', source: KEYS, destination: { ...KEYS, is: { multi_region: [false] } } };

test('a rule for keys of one Region lets no other pass, even where keys are not looked up', async () => {
  const seed = join(mkdtempSync(join(tmpdir(), 'regions-')), 'keys.yaml');
  writeFileSync(seed, 'keys: [{ alias: alias/one }, { alias: alias/many, multi_region: true }]');
  const settings = [
    `kms.embedded.seed=${seed}`,
    `policy.source=${exampleBundle(RULE)}`,
    'keys.describe=false',
  ];
  const proxy = await startProxy(settings);
  const client = connect(proxy.endpoint);
  const made = (alias: string) =>
    proxy.embedded?.operations.Encrypt({
      KeyId: alias,
      Plaintext: Buffer.from('plaintext'),
      EncryptionContext: { tenant: 'acme' },
    });
  const [one, many] = [made('alias/one'), made('alias/many')];
  const to = (destinationKeyId = '') =>
    reEncrypt(client, {
      ciphertextBlob: one?.CiphertextBlob ?? new Uint8Array(),
      sourceKeyId: one?.KeyId ?? '',
      sourceEncryptionContext: { tenant: 'acme' },
      destinationKeyId,
      destinationEncryptionContext: { tenant: 'acme' },
    });
  expect((await to(one?.KeyId)).keyId).toBe(one?.KeyId);
  expect(many?.KeyId).toContain(':key/mrk-');
  expect(await refusalOf(to(many?.KeyId))).toMatchObject({ reason: 'POLICY_DENIED' });
  closeAll(client);
  await proxy.stop();
});
