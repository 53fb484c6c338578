import { createEmbeddedBackend } from '../../src/kms/embedded/backend.ts';
import { createEmbeddedKms } from '../../src/kms/embedded/embedded.ts';
import { toKmsRequest } from '../../src/kms/request.ts';
import { aPermit } from '../../test/kms/permits.ts';
import { cpuPerTurn } from './turns.ts';

/** One symmetric ReEncrypt of the embedded KMS in process. */
const embedded = createEmbeddedKms({
  region: 'us-east-1',
  account: '000000000000',
  now: Date.now,
});
const { operations } = embedded;
const EncryptionContext = { tenant: 'acme', purpose: 'invoice-archive' };
const arn = () => operations.CreateKey({}).KeyMetadata.Arn;
const [source, destination] = [arn(), arn()];
const { CiphertextBlob } = operations.Encrypt({
  KeyId: source,
  Plaintext: new Uint8Array(32),
  EncryptionContext,
});
const permit = aPermit({
  source: { encryptionContext: EncryptionContext },
  destination: { encryptionContext: EncryptionContext },
  sourceFacts: { keyArn: source },
  destinationFacts: { keyArn: destination },
  call: { ciphertext: CiphertextBlob },
});
const kms = createEmbeddedBackend(embedded);
const request = toKmsRequest(permit, 'resolved');

const microseconds = await cpuPerTurn(async () => {
  await kms.reEncrypt(request);
});
process.stdout.write(`${microseconds}\n`);
