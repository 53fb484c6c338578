import { expect } from 'vitest';
import { bytes, type Case, refused, sharedKey, symmetricKey, text } from '../driver.ts';

const TENANT = { tenant: 'acme' };

export const encryptionCases: readonly Case[] = [
  {
    name: 'a ciphertext decrypts with or without the key id',
    run: async (kms) => {
      const { KeyId, Arn } = await symmetricKey(kms);
      const made = await kms.call('Encrypt', { KeyId, Plaintext: bytes('hello') });
      expect(made.KeyId).toBe(Arn);
      expect(made.EncryptionAlgorithm).toBe('SYMMETRIC_DEFAULT');
      for (const named of [{}, { KeyId }, { KeyId: Arn }]) {
        const { CiphertextBlob } = made;
        const opened = await kms.call('Decrypt', { CiphertextBlob, ...named });
        expect(text(opened.Plaintext)).toBe('hello');
        expect(opened.KeyId).toBe(Arn);
        expect(opened.EncryptionAlgorithm).toBe('SYMMETRIC_DEFAULT');
      }
    },
  },
  {
    name: 'Decrypt names the key material',
    run: async (kms) => {
      const { KeyId, CurrentKeyMaterialId } = await symmetricKey(kms);
      const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: bytes('x') });
      const { KeyMaterialId } = await kms.call('Decrypt', { CiphertextBlob });
      expect(KeyMaterialId).toMatch(/^[a-f0-9]{64}$/);
      expect(KeyMaterialId).toBe(CurrentKeyMaterialId);
    },
  },
  {
    name: 'the same plaintext never gives the same ciphertext twice',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const one = await kms.call('Encrypt', { KeyId, Plaintext: bytes('x') });
      const two = await kms.call('Encrypt', { KeyId, Plaintext: bytes('x') });
      expect(Buffer.from(one.CiphertextBlob)).not.toEqual(Buffer.from(two.CiphertextBlob));
    },
  },
  {
    name: '4,096 bytes fit and their ciphertext fits into 6,144',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const { CiphertextBlob } = await kms.call('Encrypt', {
        KeyId,
        Plaintext: new Uint8Array(4096),
      });
      expect(CiphertextBlob.length).toBeLessThanOrEqual(6144);
      const { Plaintext } = await kms.call('Decrypt', { CiphertextBlob });
      expect(Plaintext.length).toBe(4096);
    },
  },
  ...[
    { size: 4097, words: 'less than or equal to 4096' },
    { size: 0, words: 'greater than or equal to 1' },
  ].map(({ size, words }) => ({
    name: `a plaintext of ${size} bytes is refused in KMS's own sentence`,
    run: async (kms: Parameters<Case['run']>[0]) => {
      const { KeyId } = await symmetricKey(kms);
      await refused(
        kms.call('Encrypt', { KeyId, Plaintext: new Uint8Array(size) }),
        'ValidationException',
        `1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length ${words}`,
      );
    },
  })),
  {
    name: 'the encryption context may come in any order, but must be the same',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const { CiphertextBlob } = await kms.call('Encrypt', {
        KeyId,
        Plaintext: bytes('x'),
        EncryptionContext: { a: '1', b: '2' },
      });
      const open = (EncryptionContext?: Record<string, string>) =>
        kms.call('Decrypt', { CiphertextBlob, ...(EncryptionContext && { EncryptionContext }) });
      expect(text((await open({ b: '2', a: '1' })).Plaintext)).toBe('x');
      const wrong = [
        {},
        { a: '1' },
        { a: '1', b: '3' },
        { A: '1', b: '2' },
        { a: '1', b: '2', c: '3' },
      ];
      for (const context of [undefined, ...wrong]) {
        await refused(open(context), 'InvalidCiphertextException');
      }
    },
  },
  {
    name: 'a context {ab: c} does not open what was encrypted under {a: bc}',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const { CiphertextBlob } = await kms.call('Encrypt', {
        KeyId,
        Plaintext: bytes('x'),
        EncryptionContext: { a: 'bc' },
      });
      const EncryptionContext = { ab: 'c' };
      await refused(
        kms.call('Decrypt', { CiphertextBlob, EncryptionContext }),
        'InvalidCiphertextException',
      );
    },
  },
  {
    name: 'an empty context is the same as none',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const { CiphertextBlob } = await kms.call('Encrypt', {
        KeyId,
        Plaintext: bytes('x'),
        EncryptionContext: {},
      });
      expect(text((await kms.call('Decrypt', { CiphertextBlob })).Plaintext)).toBe('x');
    },
  },
  {
    name: 'an empty context value is refused',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      await refused(
        kms.call('Encrypt', { KeyId, Plaintext: bytes('x'), EncryptionContext: { a: '' } }),
        'ValidationException',
        'Invalid EncryptionContext',
      );
    },
  },
  {
    name: 'damage at either end of a ciphertext, or bytes after it, is InvalidCiphertextException',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: bytes('x') });
      const flip = (index: number) => {
        const copy = Buffer.from(CiphertextBlob);
        const at = index < 0 ? copy.length + index : index;
        copy[at] = (copy[at] ?? 0) ^ 1;
        return copy;
      };
      const longer = Buffer.concat([CiphertextBlob, bytes('bad_data')]);
      for (const damaged of [flip(0), flip(-1), longer, bytes('not a ciphertext at all')]) {
        await refused(
          kms.call('Decrypt', { CiphertextBlob: damaged }),
          'InvalidCiphertextException',
        );
      }
    },
  },
  {
    name: 'a key that did not make the ciphertext is IncorrectKeyException',
    run: async (kms) => {
      const [one, two] = [await symmetricKey(kms), await symmetricKey(kms)];
      const made = await kms.call('Encrypt', { KeyId: one.KeyId, Plaintext: bytes('x') });
      await refused(
        kms.call('Decrypt', { CiphertextBlob: made.CiphertextBlob, KeyId: two.KeyId }),
        'IncorrectKeyException',
        'The key ID in the request does not identify a CMK that can perform this operation.',
      );
    },
  },
  {
    name: 'a key that could not have made the ciphertext is IncorrectKeyException too',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: bytes('x') });
      const other = await sharedKey(kms, 'RSA_2048', 'SIGN_VERIFY');
      await refused(kms.call('Decrypt', { CiphertextBlob, KeyId: other }), 'IncorrectKeyException');
      await refused(
        kms.call('ReEncrypt', { CiphertextBlob, SourceKeyId: other, DestinationKeyId: other }),
        'IncorrectKeyException',
      );
    },
  },
  {
    name: 'RSA ciphertexts are as long as the key and need key id and algorithm to open',
    run: async (kms) => {
      const KeyId = await sharedKey(kms, 'RSA_2048');
      const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256' as const;
      const made = await kms.call('Encrypt', {
        KeyId,
        Plaintext: bytes('x'),
        EncryptionAlgorithm,
      });
      const { CiphertextBlob } = made;
      expect(CiphertextBlob.length).toBe(256);
      const opened = await kms.call('Decrypt', { CiphertextBlob, KeyId, EncryptionAlgorithm });
      expect(text(opened.Plaintext)).toBe('x');
      expect(opened.KeyMaterialId).toBeUndefined();
      await refused(
        kms.call('Decrypt', { CiphertextBlob, KeyId, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }),
        'InvalidCiphertextException',
      );
      await refused(
        kms.call('Decrypt', { CiphertextBlob, KeyId }),
        'InvalidKeyUsageException',
        'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
      );
    },
  },
  ...(
    [
      ['RSA_2048', 'RSAES_OAEP_SHA_1', 214],
      ['RSA_2048', 'RSAES_OAEP_SHA_256', 190],
      ['RSA_3072', 'RSAES_OAEP_SHA_1', 342],
      ['RSA_3072', 'RSAES_OAEP_SHA_256', 318],
    ] as const
  ).map(
    ([spec, EncryptionAlgorithm, most]): Case => ({
      name: `${spec} encrypts ${most} bytes by ${EncryptionAlgorithm}, and not one more`,
      run: async (kms) => {
        const KeyId = await sharedKey(kms, spec);
        const encrypt = (size: number) =>
          kms.call('Encrypt', { KeyId, Plaintext: new Uint8Array(size), EncryptionAlgorithm });
        await encrypt(most);
        await refused(
          encrypt(most + 1),
          'ValidationException',
          `Algorithm ${EncryptionAlgorithm} and key spec ${spec} cannot encrypt data larger than ${most} bytes.`,
        );
      },
    }),
  ),
  {
    name: 'a context for an RSA key is refused',
    run: async (kms) => {
      const KeyId = await sharedKey(kms, 'RSA_2048');
      await refused(
        kms.call('Encrypt', {
          KeyId,
          Plaintext: bytes('x'),
          EncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
          EncryptionContext: TENANT,
        }),
        'ValidationException',
      );
    },
  },
  {
    name: 'a key for signing does not encrypt',
    run: async (kms) => {
      const KeyId = await sharedKey(kms, 'RSA_2048', 'SIGN_VERIFY');
      await refused(
        kms.call('Encrypt', { KeyId, Plaintext: bytes('x') }),
        'InvalidKeyUsageException',
        `${KeyId} key usage is SIGN_VERIFY which is not valid for Encrypt.`,
      );
    },
  },
  {
    name: 'an algorithm that the key spec lacks is InvalidKeyUsageException',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      await refused(
        kms.call('Encrypt', {
          KeyId,
          Plaintext: bytes('x'),
          EncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
        }),
        'InvalidKeyUsageException',
        'Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.',
      );
    },
  },
  {
    name: 'a dry run that would succeed is DryRunOperationException, one that would fail is its own error',
    run: async (kms) => {
      const { KeyId, Arn } = await symmetricKey(kms);
      const request = { KeyId, Plaintext: bytes('x'), DryRun: true };
      const wouldDo = 'The request would have succeeded, but the DryRun option is set.';
      await refused(kms.call('Encrypt', request), 'DryRunOperationException', wouldDo);
      const DryRunModifiers = ['IGNORE_CIPHERTEXT'] as const;
      const ignoring = { KeyId, DryRun: true, DryRunModifiers };
      await refused(kms.call('Decrypt', ignoring), 'DryRunOperationException', wouldDo);
      await kms.call('DisableKey', { KeyId });
      await refused(kms.call('Encrypt', request), 'DisabledException', `${Arn} is disabled.`);
    },
  },
];
