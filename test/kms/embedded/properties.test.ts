import fc from 'fast-check';
import { expect, it } from 'vitest';
import { codeOf, kmsWithClock } from './helpers.ts';

const { operations } = kmsWithClock();
const keys = [0, 1].map(() => operations.CreateKey({}).KeyMetadata.KeyId);
const multiRegion = operations.CreateKey({ MultiRegion: true }).KeyMetadata.KeyId;

const keyId = fc.constantFrom(...keys, multiRegion);
const contextText = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
const context = fc.dictionary(contextText, contextText, { maxKeys: 4 });
const plaintext = fc.uint8Array({ minLength: 1, maxLength: 300 });

it('decrypt(reEncrypt(encrypt(p))) = p for any keys, contexts and plaintexts', () => {
  fc.assert(
    fc.property(keyId, keyId, context, context, plaintext, (from, to, before, after, plain) => {
      const made = operations.Encrypt({ KeyId: from, Plaintext: plain, EncryptionContext: before });
      const moved = operations.ReEncrypt({
        CiphertextBlob: made.CiphertextBlob,
        SourceEncryptionContext: before,
        DestinationKeyId: to,
        DestinationEncryptionContext: after,
      });
      const opened = operations.Decrypt({
        CiphertextBlob: moved.CiphertextBlob,
        EncryptionContext: after,
      });
      expect(Buffer.from(opened.Plaintext).equals(plain)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

it('a context opens a ciphertext exactly when it has the same pairs', () => {
  const same = (a: Record<string, string>, b: Record<string, string>) =>
    Object.keys(a).length === Object.keys(b).length &&
    Object.entries(a).every(([key, value]) => Object.hasOwn(b, key) && b[key] === value);
  // Few and short texts, so that pairs often nearly match: {ab: c} and {a: bc}.
  const few = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'b') }),
    fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'b') }),
    { maxKeys: 2 },
  );
  fc.assert(
    fc.property(few, few, (before, given) => {
      const { CiphertextBlob } = operations.Encrypt({
        KeyId: keys[0]!,
        Plaintext: Uint8Array.of(1),
        EncryptionContext: before,
      });
      const code = codeOf(() => operations.Decrypt({ CiphertextBlob, EncryptionContext: given }));
      expect(code).toBe(same(before, given) ? 'done' : 'InvalidCiphertextException');
    }),
    { numRuns: 1000 },
  );
});

it('a flipped bit anywhere in the blob fails, with and without the key id', () => {
  for (const KeyId of [keys[0]!, multiRegion]) {
    const { CiphertextBlob } = operations.Encrypt({ KeyId, Plaintext: Uint8Array.of(1, 2, 3) });
    for (let bit = 0; bit < CiphertextBlob.length * 8; bit += 3) {
      const damaged = Buffer.from(CiphertextBlob);
      damaged[bit >> 3] = damaged[bit >> 3]! ^ (1 << (bit & 7));
      const alone = codeOf(() => operations.Decrypt({ CiphertextBlob: damaged }));
      expect([bit, alone]).toEqual([bit, 'InvalidCiphertextException']);
      const named = codeOf(() => operations.Decrypt({ CiphertextBlob: damaged, KeyId }));
      expect([bit, named]).toEqual([bit, 'InvalidCiphertextException']);
    }
  }
});

it('a truncated blob fails at every length', () => {
  const made = operations.Encrypt({ KeyId: keys[0]!, Plaintext: Uint8Array.of(1, 2, 3) });
  for (let length = 1; length < made.CiphertextBlob.length; length += 1) {
    const CiphertextBlob = made.CiphertextBlob.subarray(0, length);
    expect(codeOf(() => operations.Decrypt({ CiphertextBlob }))).toBe('InvalidCiphertextException');
  }
});

it('no JSON makes an operation fail except with an error name of KMS', () => {
  const { kms } = kmsWithClock();
  const { KeyId } = kms.operations.CreateKey({}).KeyMetadata;
  const known = [
    'KeyId',
    'Plaintext',
    'CiphertextBlob',
    'EncryptionContext',
    'DestinationKeyId',
    'GrantTokens',
    'Tags',
    'Operations',
    'Policy',
    'Limit',
    'Marker',
    'AliasName',
    'TargetKeyId',
    '__proto__',
  ];
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(KeyId), fc.constant('AAAA'));
  const body = fc.dictionary(fc.constantFrom(...known), value, { maxKeys: 5 });
  fc.assert(
    fc.property(
      fc.constantFrom(
        ...Object.keys(kms.operations).filter(
          (name) => !/^(CreateKey|Generate|GetParam)/.test(name),
        ),
      ),
      body,
      (operation, json) => {
        const code = codeOf(() => kms.invoke(operation, () => json));
        expect(code).toMatch(/^done$|^[A-Za-z]+Exception$/);
        expect(code).not.toBe('KMSInternalException');
      },
    ),
    { numRuns: 400 },
  );
});
