import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKmsSigner } from '../../src/app/checkpoint-signer.ts';
import { createNodeDisk } from '../../src/audit/log/disk.ts';
import { parseVkey } from '../../src/audit/log/note.ts';
import { collectLogs } from '../../src/audit/verify/collect.ts';
import { verifyLog } from '../../src/audit/verify/verify.ts';
import { createAwsBackend } from '../../src/kms/aws/backend.ts';
import { createEmbeddedBackend } from '../../src/kms/embedded/backend.ts';
import { createEmbeddedKms } from '../../src/kms/embedded/embedded.ts';
import { createEmbeddedHandler } from '../../src/kms/embedded/serve.ts';
import { refuseFaults } from '../../src/kms/faults.ts';
import type { Kms } from '../../src/kms/port.ts';
import { fill } from '../audit/fault-world.ts';
import { createFolder, openAudit } from '../audit/world.ts';

const region = 'eu-west-1';
const origin = 'test.example/kms';
const embedded = createEmbeddedKms({ region, account: '111122223333', now: Date.now });
const onInternal = (_: string, cause: unknown) => console.error(cause);
const server = createServer(createEmbeddedHandler({ embedded, onInternal }));
const backends = new Map<string, Kms>();

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
  const place = { region, endpoint, credentials, allowEmbedded: true };
  const aws = await createAwsBackend({ ...place, env: {}, warn: () => undefined });
  backends.set('AWS', refuseFaults(aws));
  backends.set('embedded', refuseFaults(createEmbeddedBackend(embedded)));
});
afterAll(async () => {
  await backends.get('AWS')?.close();
  server.close();
});

function keyOf(KeySpec: string, KeyUsage = 'SIGN_VERIFY'): string {
  return embedded.operations.CreateKey({ KeySpec, KeyUsage } as never).KeyMetadata.Arn;
}

const kmsOf = (name: string) => backends.get(name) ?? expect.fail(`there is no ${name}`);

test.each([
  ['AWS', 'ECC_NIST_EDWARDS25519'],
  ['AWS', 'ECC_NIST_P256'],
  ['embedded', 'ECC_NIST_EDWARDS25519'],
  ['embedded', 'ECC_NIST_P256'],
])(
  'the %s backend signs checkpoints with %s, which verify with the public key from KMS',
  async (name, spec) => {
    await using folder = createFolder();
    const signer = await createKmsSigner({ kms: kmsOf(name), keyId: keyOf(spec), origin });
    const audit = await openAudit(folder.file, { origin, signer, checkpointEntries: 5 });
    await fill(audit, 20);
    await audit.close();
    const disk = createNodeDisk();
    const [log] = collectLogs(disk, folder.file);
    const keys = [parseVkey(signer.vkey)];
    const verdict = verifyLog(log!, { disk, checkpoints: [], keys, onProgress: () => undefined });
    expect(verdict).toMatchObject({ state: 'intact', vkeys: [signer.vkey], signed: verdict.size });
  },
);

test.each([
  ['a symmetric key', () => keyOf('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'), 'Unsupported'],
  ['another curve', () => keyOf('ECC_NIST_P384'), 'neither ECC_NIST_EDWARDS25519 nor'],
  ['a key that is not there', () => 'alias/nobody', 'NotFoundException'],
])('%s is refused at the start, with the setting’s name', async (_, key, why) => {
  for (const kms of backends.values()) {
    const opening = createKmsSigner({ kms, keyId: key(), origin });
    await expect(opening).rejects.toThrow(new RegExp(`audit.checkpoint.kms_key_id: [^ ]+.*${why}`));
  }
});

test.each(['AWS', 'embedded'])(
  'why the %s backend does not sign is told in KMS’s words',
  async (name) => {
    const key = keyOf('ECC_NIST_P256');
    const { sign } = await createKmsSigner({ kms: kmsOf(name), keyId: key, origin });
    embedded.operations.DisableKey({ KeyId: key });
    const why = sign(Buffer.from('note'));
    await expect(why).rejects.toThrow(new RegExp(`^DisabledException: ${key} is disabled`));
  },
);
