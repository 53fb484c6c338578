import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { isEmbeddedCiphertext, isEmbeddedKeyId } from '../../../src/kms/embedded/marks.ts';
import { kmsWithClock } from './helpers.ts';

const { operations } = kmsWithClock();

it('key ids and ARNs made by the embedded KMS are recognised, single and multi-Region', () => {
  for (let i = 0; i < 200; i += 1) {
    const { KeyId, Arn } = operations.CreateKey({ MultiRegion: i % 2 === 0 }).KeyMetadata;
    expect([isEmbeddedKeyId(KeyId), isEmbeddedKeyId(Arn)]).toEqual([true, true]);
    expect(KeyId).toMatch(/^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/);
  }
});

it('AWS’s own key ids are not recognised', () => {
  for (let i = 0; i < 200; i += 1) {
    expect(isEmbeddedKeyId(randomUUID())).toBe(false);
  }
  const arn = 'arn:aws:kms:us-east-1:111122223333:';
  expect(isEmbeddedKeyId(`${arn}key/mrk-1234abcd12ab34cd56ef1234567890ab`)).toBe(false);
  expect(isEmbeddedKeyId(`${arn}alias/e0bedded-0000-8000-8000-000000000000`)).toBe(false);
  // Same first group but version 4, like one AWS key id in four billion.
  expect(isEmbeddedKeyId('e0bedded-0000-4000-8000-000000000000')).toBe(false);
});

it('its symmetric ciphertexts are recognised, AWS’s are not', () => {
  const { KeyId } = operations.CreateKey({}).KeyMetadata;
  const { CiphertextBlob } = operations.Encrypt({ KeyId, Plaintext: Uint8Array.of(1) });
  expect(isEmbeddedCiphertext(CiphertextBlob)).toBe(true);
  expect(isEmbeddedCiphertext(Uint8Array.of(1, 2, 2, 0, 0x78))).toBe(false);
  expect(isEmbeddedCiphertext(new Uint8Array())).toBe(false);
});
