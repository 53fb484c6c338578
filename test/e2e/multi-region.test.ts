import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { startProxy } from '../helpers/proxy.ts';
import { entriesOf, tarGz } from '../policy/tar.ts';

const KEYS = { keys: ['*'] };
const RULE = { id: 'r', source: KEYS, destination: { ...KEYS, is: { multi_region: [false] } } };

/** The example policy with this rule for anonymous callers. */
function bundleWith(rule: object): Buffer {
  const principals = { anonymous: { kinds: ['anonymous'], rules: [rule] } };
  const content = JSON.stringify({ kms_reencrypt: { principals } });
  const entries = entriesOf(readFileSync('policies/bundle.tar.gz'));
  return tarGz(
    entries.map((entry) => (entry.name === '/data.json' ? { ...entry, content } : entry)),
  );
}

test('a rule for keys of one Region lets no other pass, even where keys are not looked up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'regions-'));
  const [seed, policy] = [join(folder, 'keys.yaml'), join(folder, 'p.tar.gz')];
  writeFileSync(seed, 'keys: [{ alias: alias/one }, { alias: alias/many, multi_region: true }]');
  writeFileSync(policy, bundleWith(RULE));
  const settings = [`kms.embedded.seed=${seed}`, `policy.source=${policy}`, 'keys.describe=false'];
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
