import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningEmbeddedKms, startEmbeddedKms } from './helpers/embedded-kms.ts';
import { describeWith, runTool } from './helpers/tools.ts';

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

describeWith(['python3'], 'boto3 against embedded-kms', () => {
  let kms: RunningEmbeddedKms;
  let seen: Record<string, unknown>;
  beforeAll(async () => {
    kms = await startEmbeddedKms();
    const script = join(import.meta.dirname, 'python/kms_errors.py');
    seen = JSON.parse(runTool('python3', [script, kms.endpoint], { env: CREDENTIALS }));
  });
  afterAll(() => kms.stop());

  it('re-encrypts by every form of key id, and the answer has every member', () => {
    expect(seen['done']).toEqual([
      'CiphertextBlob',
      'DestinationEncryptionAlgorithm',
      'DestinationKeyMaterialId',
      'KeyId',
      'SourceEncryptionAlgorithm',
      'SourceKeyId',
      'SourceKeyMaterialId',
    ]);
  });

  // biome-ignore format: a table reads best with a case a line.
  it.each([
    ['missing key', 'NotFoundException', /^Key 'arn:aws:kms:us-east-1:000000000000:key\/1234abcd-12ab-34cd-56ef-1234567890ab' does not exist$/],
    ['disabled key', 'DisabledException', / is disabled\.$/],
    ['key pending deletion', 'KMSInvalidStateException', / is pending deletion\.$/],
    ['key pending import', 'KMSInvalidStateException', / is pending import\.$/],
    ['wrong source key', 'IncorrectKeyException', /does not identify a CMK/],
    ['wrong context', 'InvalidCiphertextException', /^$/],
    ['damaged', 'InvalidCiphertextException', /^$/],
    ['key for signing', 'InvalidKeyUsageException', /key usage is SIGN_VERIFY which is not valid for ReEncryptTo\.$/],
    ['grant token', 'InvalidGrantTokenException', /./],
    ['dry run', 'DryRunOperationException', /^The request would have succeeded, but the DryRun option is set\.$/],
  ])('%s raises the exception class %s, HTTP 400', (name, code, message) => {
    expect(seen[name]).toEqual({
      class: code,
      code,
      status: 400,
      message: expect.stringMatching(message),
      request_id: 36,
    });
  });

  it.each([
    ['empty context value', 'ValidationException', 'Invalid EncryptionContext'],
    [
      'gone key',
      'AccessDeniedException',
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    ],
  ])('%s raises a ClientError %s, HTTP 400', (name, code, message) => {
    expect(seen[name]).toMatchObject({ class: 'ClientError', code, status: 400, message });
  });
});
