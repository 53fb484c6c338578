import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { awsKms } from './helpers/aws-cli.ts';
import { type RunningEmbeddedKms, startEmbeddedKms } from './helpers/embedded-kms.ts';
import { describeWith } from './helpers/tools.ts';

describeWith(['aws'], 'the AWS CLI against embedded-kms', () => {
  let kms: RunningEmbeddedKms;
  let folder: string;
  beforeAll(async () => {
    kms = await startEmbeddedKms();
    folder = mkdtempSync(join(tmpdir(), 'embedded-cli-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    expect(await kms.stop()).toBe(0);
  });

  const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  const aws = (...args: readonly string[]) => awsKms({ endpoint: kms.endpoint, env }, ...args);

  function blobFile(name: string, base64: string) {
    const file = join(folder, name);
    writeFileSync(file, Buffer.from(base64, 'base64'));
    return `fileb://${file}`;
  }

  it('creates keys and aliases, encrypts, re-encrypts and decrypts', () => {
    const keyId = aws('create-key', '--description', 'by the CLI').json.KeyMetadata.KeyId;
    expect(aws('create-alias', '--alias-name', 'alias/cli', '--target-key-id', keyId).status).toBe(
      0,
    );
    const plaintext = blobFile('plain', Buffer.from('hello').toString('base64'));
    const context = ['--encryption-context', 'tenant=acme,stage=test'];
    const made = aws('encrypt', '--key-id', 'alias/cli', '--plaintext', plaintext, ...context);
    const moved = aws(
      're-encrypt',
      ...['--ciphertext-blob', blobFile('blob', made.json.CiphertextBlob)],
      ...['--source-key-id', 'alias/cli'],
      ...['--source-encryption-context', '{"stage":"test","tenant":"acme"}'],
      ...['--destination-key-id', keyId],
      ...['--destination-encryption-context', 'tenant=other'],
    );
    expect(moved.json).toMatchObject({ SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
    const opened = aws(
      'decrypt',
      ...['--ciphertext-blob', blobFile('moved', moved.json.CiphertextBlob)],
      ...['--encryption-context', 'tenant=other'],
    );
    expect(Buffer.from(opened.json.Plaintext, 'base64').toString()).toBe('hello');
  });

  it.each([
    [['describe-key', '--key-id', 'alias/none'], 'NotFoundException', 'DescribeKey'],
    [
      ['re-encrypt', '--ciphertext-blob', 'fileb://LICENSE', '--destination-key-id', 'alias/cli'],
      'ValidationException',
      'ReEncrypt',
    ],
    [
      [
        're-encrypt',
        '--ciphertext-blob',
        'fileb://package.json',
        '--destination-key-id',
        'alias/cli',
      ],
      'InvalidCiphertextException',
      'ReEncrypt',
    ],
    [
      [
        'encrypt',
        '--key-id',
        'alias/cli',
        '--plaintext',
        'fileb://package.json',
        '--encryption-context',
        'a=',
      ],
      'ValidationException',
      'Encrypt',
    ],
  ])('%j fails as with AWS', (args, code, operation) => {
    const { status, stderr } = aws(...args);
    expect(status).toBeGreaterThanOrEqual(254);
    expect(stderr).toContain(`An error occurred (${code}) when calling the ${operation} operation`);
  });
});
