import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKmsSigner } from '../../src/app/checkpoint-signer.ts';
import { createNodeDisk } from '../../src/audit/log/disk.ts';
import { parseVkey } from '../../src/audit/log/vkey.ts';
import { collectLogs } from '../../src/audit/verify/collect.ts';
import { verifyLog } from '../../src/audit/verify/verify.ts';
import { createEmbeddedKms } from '../../src/kms/embedded/embedded.ts';
import { refuseFaults } from '../../src/kms/faults.ts';
import { fill } from '../audit/fault-world.ts';
import { createFolder, openAudit } from '../audit/world.ts';
import { BACKENDS, openBackends } from '../helpers/backends.ts';

const region = 'eu-west-1';
const origin = 'test.example/kms';
const embedded = createEmbeddedKms({ region, account: '111122223333', now: Date.now });
let backends: Awaited<ReturnType<typeof openBackends>>;

beforeAll(async () => {
  backends = await openBackends(embedded, region);
});
afterAll(() => backends.close());

function keyOf(KeySpec: string, KeyUsage = 'SIGN_VERIFY'): string {
  return embedded.operations.CreateKey({ KeySpec, KeyUsage } as never).KeyMetadata.Arn;
}

const kmsOf = (name: string) => refuseFaults(backends.of(name));

// Key pairs travel through the SDK, whichever way a ReEncrypt does.
const SIGNING = BACKENDS.filter((name) => name !== 'AWS (sdk)');
const SPECS = ['ECC_NIST_EDWARDS25519', 'ECC_NIST_P256'];

test.each(SIGNING.flatMap((name) => SPECS.map((spec) => [name, spec] as const)))(
  'the backend %s signs checkpoints with %s, which verify with the public key from KMS',
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
  for (const name of SIGNING) {
    const opening = createKmsSigner({ kms: kmsOf(name), keyId: key(), origin });
    await expect(opening).rejects.toThrow(new RegExp(`audit.checkpoint.kms_key_id: [^ ]+.*${why}`));
  }
});

test.each(SIGNING)('why the backend %s does not sign is told in KMS’s words', async (name) => {
  const key = keyOf('ECC_NIST_P256');
  const { sign } = await createKmsSigner({ kms: kmsOf(name), keyId: key, origin });
  embedded.operations.DisableKey({ KeyId: key });
  const why = sign(Buffer.from('note'));
  await expect(why).rejects.toThrow(
    new RegExp(`^DisabledException: ${key} is disabled\\. \\(request [\\da-f-]{36}\\)$`),
  );
});
