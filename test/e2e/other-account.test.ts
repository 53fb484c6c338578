import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { startProxy } from '../helpers/proxy.ts';

const OURS = '000000000000';
const THEIRS = '666666666666';
/** Whoever has an account can name a key as we do, and let our role use it. */
const POLICY = JSON.stringify({
  Statement: [OURS, THEIRS].map((account) => ({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: 'kms:*',
    Resource: '*',
  })),
});

test.each([
  ['KEY_FACTS_UNAVAILABLE', []],
  ['POLICY_DENIED', [`keys.own_account="${OURS}"`]],
  ['POLICY_DENIED', ['keys.tags=false', 'keys.aliases=false']],
])(
  'an alias of ours allows no key with the same alias in another account (%s, %j)',
  async (reason, settings) => {
    const seed = join(mkdtempSync(join(tmpdir(), 'accounts-')), 'keys.yaml');
    writeFileSync(
      seed,
      `keys:
  - alias: alias/demo-source
  - alias: alias/demo-destination
  - { alias: alias/demo-destination, account: '${THEIRS}', policy: '${POLICY}' }
`,
    );
    const proxy = await startProxy([`kms.embedded.seed=${seed}`, ...settings]);
    const client = connect(proxy.endpoint);
    const made = proxy.embedded?.operations.Encrypt({
      KeyId: 'alias/demo-source',
      Plaintext: Buffer.from('plaintext'),
      EncryptionContext: { tenant: 'acme' },
    });
    const to = (destinationKeyId: string) =>
      reEncrypt(client, {
        ciphertextBlob: made?.CiphertextBlob ?? new Uint8Array(),
        sourceKeyId: 'alias/demo-source',
        sourceEncryptionContext: { tenant: 'acme' },
        destinationKeyId,
        destinationEncryptionContext: { tenant: 'acme' },
      });
    const { keyId } = await to('alias/demo-destination');
    const [key, region] = [keyId.split('/')[1], keyId.split(':')[3]];
    expect(keyId).toBe(`arn:aws:kms:${region}:${OURS}:key/${key}`);
    expect(
      await refusalOf(to(`arn:aws:kms:${region}:${THEIRS}:alias/demo-destination`)),
    ).toMatchObject({ reason });
    closeAll(client);
    await proxy.stop();
  },
);
