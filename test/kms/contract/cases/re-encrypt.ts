import { expect } from 'vitest';
import {
  bytes,
  type Case,
  type Driver,
  refused,
  sharedKey,
  symmetricKey,
  text,
} from '../driver.ts';

const DRY = 'The request would have succeeded, but the DryRun option is set.';
const HEX64 = /^[a-f0-9]{64}$/;

async function twoKeys(kms: Driver, EncryptionContext: Record<string, string> = {}) {
  const [source, destination] = [await symmetricKey(kms), await symmetricKey(kms)];
  const { CiphertextBlob } = await kms.call('Encrypt', {
    KeyId: source.KeyId,
    Plaintext: bytes('secret'),
    EncryptionContext,
  });
  return { source, destination, CiphertextBlob };
}

export const reEncryptCases: readonly Case[] = [
  {
    name: 're-encryption moves a ciphertext to another key and context, and reports both sides',
    run: async (kms) => {
      const { source, destination, CiphertextBlob } = await twoKeys(kms, { tenant: 'a' });
      const moved = await kms.call('ReEncrypt', {
        CiphertextBlob,
        SourceEncryptionContext: { tenant: 'a' },
        DestinationKeyId: destination.KeyId,
        DestinationEncryptionContext: { tenant: 'b' },
      });
      expect(moved.SourceKeyId).toBe(source.Arn);
      expect(moved.KeyId).toBe(destination.Arn);
      expect(moved.SourceEncryptionAlgorithm).toBe('SYMMETRIC_DEFAULT');
      expect(moved.DestinationEncryptionAlgorithm).toBe('SYMMETRIC_DEFAULT');
      const opened = await kms.call('Decrypt', {
        CiphertextBlob: moved.CiphertextBlob,
        EncryptionContext: { tenant: 'b' },
      });
      expect(text(opened.Plaintext)).toBe('secret');
    },
  },
  {
    name: 're-encryption reports the key material of each symmetric side',
    run: async (kms) => {
      const { source, destination, CiphertextBlob } = await twoKeys(kms);
      const DestinationKeyId = destination.KeyId;
      const moved = await kms.call('ReEncrypt', { CiphertextBlob, DestinationKeyId });
      expect(moved.SourceKeyMaterialId).toBe(source.CurrentKeyMaterialId);
      expect(moved.DestinationKeyMaterialId).toBe(destination.CurrentKeyMaterialId);
      expect(moved.SourceKeyMaterialId).toMatch(HEX64);
    },
  },
  {
    name: 'every form of key id names either side',
    run: async (kms) => {
      const { source, destination, CiphertextBlob } = await twoKeys(kms);
      const suffix = source.KeyId.slice(-12);
      const names = { from: `alias/from-${suffix}`, to: `alias/to-${suffix}` };
      await kms.call('CreateAlias', { AliasName: names.from, TargetKeyId: source.KeyId });
      await kms.call('CreateAlias', { AliasName: names.to, TargetKeyId: destination.Arn });
      const forms = (key: typeof source, alias: string) => [
        key.KeyId,
        key.Arn,
        alias,
        key.Arn.replace(/key\/.*/, alias),
      ];
      for (const SourceKeyId of forms(source, names.from)) {
        for (const DestinationKeyId of forms(destination, names.to)) {
          const request = { CiphertextBlob, SourceKeyId, DestinationKeyId };
          const moved = await kms.call('ReEncrypt', request);
          expect([moved.SourceKeyId, moved.KeyId]).toEqual([source.Arn, destination.Arn]);
        }
      }
    },
  },
  {
    name: 're-encryption to the same key with another context is allowed',
    run: async (kms) => {
      const { source, CiphertextBlob } = await twoKeys(kms);
      const moved = await kms.call('ReEncrypt', {
        CiphertextBlob,
        DestinationKeyId: source.KeyId,
        DestinationEncryptionContext: { now: 'bound' },
      });
      expect(moved.KeyId).toBe(moved.SourceKeyId);
    },
  },
  {
    name: 'a wrong source context is InvalidCiphertextException',
    run: async (kms) => {
      const { destination, CiphertextBlob } = await twoKeys(kms, { tenant: 'a' });
      const DestinationKeyId = destination.KeyId;
      const wrong: Record<string, string>[] = [{}, { tenant: 'b' }, { Tenant: 'a' }];
      for (const SourceEncryptionContext of wrong) {
        const request = { CiphertextBlob, SourceEncryptionContext, DestinationKeyId };
        await refused(kms.call('ReEncrypt', request), 'InvalidCiphertextException');
      }
    },
  },
  {
    name: 'a wrong source key is IncorrectKeyException',
    run: async (kms) => {
      const { destination, CiphertextBlob } = await twoKeys(kms);
      const { KeyId } = destination;
      await refused(
        kms.call('ReEncrypt', { CiphertextBlob, SourceKeyId: KeyId, DestinationKeyId: KeyId }),
        'IncorrectKeyException',
        'The key ID in the request does not identify a CMK that can perform this operation.',
      );
    },
  },
  {
    name: 'a source or destination that does not exist is NotFoundException',
    run: async (kms) => {
      const { source, CiphertextBlob } = await twoKeys(kms);
      const missing = '1234abcd-12ab-34cd-56ef-1234567890ab';
      const arn = `arn:aws:kms:${kms.region}:${kms.account}:key/${missing}`;
      await refused(
        kms.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: missing }),
        'NotFoundException',
        `Key '${arn}' does not exist`,
      );
      const { KeyId } = source;
      await refused(
        kms.call('ReEncrypt', { CiphertextBlob, SourceKeyId: missing, DestinationKeyId: KeyId }),
        'NotFoundException',
        `Key '${arn}' does not exist`,
      );
      const DestinationKeyId = 'alias/does-not-exist';
      await refused(
        kms.call('ReEncrypt', { CiphertextBlob, DestinationKeyId }),
        'NotFoundException',
      );
    },
  },
  ...(['source', 'destination'] as const).map(
    (side): Case => ({
      name: `a disabled ${side} key is DisabledException`,
      run: async (kms) => {
        const { source, destination, CiphertextBlob } = await twoKeys(kms);
        const { KeyId, Arn } = side === 'source' ? source : destination;
        await kms.call('DisableKey', { KeyId });
        await refused(
          kms.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: destination.KeyId }),
          'DisabledException',
          `${Arn} is disabled.`,
        );
      },
    }),
  ),
  ...(['source', 'destination'] as const).map(
    (side): Case => ({
      name: `a ${side} key that is pending deletion is KMSInvalidStateException`,
      run: async (kms) => {
        const { source, destination, CiphertextBlob } = await twoKeys(kms);
        const { KeyId, Arn } = side === 'source' ? source : destination;
        await kms.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
        await refused(
          kms.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: destination.KeyId }),
          'KMSInvalidStateException',
          `${Arn} is pending deletion.`,
        );
      },
    }),
  ),
  {
    name: 'a destination that waits for its key material is KMSInvalidStateException',
    run: async (kms) => {
      const { CiphertextBlob } = await twoKeys(kms);
      const { KeyMetadata } = await kms.call('CreateKey', { Origin: 'EXTERNAL' });
      await refused(
        kms.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyMetadata.KeyId }),
        'KMSInvalidStateException',
        `${KeyMetadata.Arn} is pending import.`,
      );
    },
  },
  {
    name: 'a destination for signing is InvalidKeyUsageException naming the half',
    run: async (kms) => {
      const { CiphertextBlob } = await twoKeys(kms);
      const DestinationKeyId = await sharedKey(kms, 'RSA_2048', 'SIGN_VERIFY');
      await refused(
        kms.call('ReEncrypt', { CiphertextBlob, DestinationKeyId }),
        'InvalidKeyUsageException',
        `${DestinationKeyId} key usage is SIGN_VERIFY which is not valid for ReEncryptTo.`,
      );
    },
  },
  {
    name: 'symmetric to RSA reports only the source material, RSA to symmetric only the destination material',
    run: async (kms) => {
      const { source, CiphertextBlob } = await twoKeys(kms);
      const rsa = await sharedKey(kms, 'RSA_2048');
      const out = await kms.call('ReEncrypt', {
        CiphertextBlob,
        DestinationKeyId: rsa,
        DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      });
      expect(out.DestinationEncryptionAlgorithm).toBe('RSAES_OAEP_SHA_256');
      expect(out.SourceKeyMaterialId).toMatch(HEX64);
      expect(out.DestinationKeyMaterialId).toBeUndefined();

      const back = await kms.call('ReEncrypt', {
        CiphertextBlob: out.CiphertextBlob,
        SourceKeyId: rsa,
        SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
        DestinationKeyId: source.KeyId,
      });
      expect(back.SourceKeyMaterialId).toBeUndefined();
      expect(back.DestinationKeyMaterialId).toMatch(HEX64);
      const opened = await kms.call('Decrypt', { CiphertextBlob: back.CiphertextBlob });
      expect(text(opened.Plaintext)).toBe('secret');
    },
  },
  {
    name: 'RSA to RSA with another algorithm is allowed',
    run: async (kms) => {
      const [from, to] = [await sharedKey(kms, 'RSA_2048'), await sharedKey(kms, 'RSA_3072')];
      const { CiphertextBlob } = await kms.call('Encrypt', {
        KeyId: from,
        Plaintext: bytes('x'),
        EncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
      });
      const moved = await kms.call('ReEncrypt', {
        CiphertextBlob,
        SourceKeyId: from,
        SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
        DestinationKeyId: to,
        DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      });
      expect(moved.CiphertextBlob.length).toBe(384);
      expect(moved.SourceKeyMaterialId).toBeUndefined();
      expect(moved.DestinationKeyMaterialId).toBeUndefined();
    },
  },
  {
    name: 'an RSA source without its algorithm, and an RSA destination without one, are refused',
    run: async (kms) => {
      const { source, CiphertextBlob } = await twoKeys(kms);
      const rsa = await sharedKey(kms, 'RSA_2048');
      await refused(
        kms.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: rsa }),
        'InvalidKeyUsageException',
        'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
      );
      await refused(
        kms.call('ReEncrypt', {
          CiphertextBlob: new Uint8Array(256),
          SourceKeyId: rsa,
          DestinationKeyId: source.KeyId,
        }),
        'InvalidKeyUsageException',
      );
    },
  },
  {
    name: 'an RSA ciphertext without its key id is refused',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      await refused(
        kms.call('ReEncrypt', {
          CiphertextBlob: new Uint8Array(256),
          SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
          DestinationKeyId: KeyId,
        }),
        'ValidationException',
      );
    },
  },
  {
    name: 'a plaintext too long for the RSA destination is refused',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const rsa = await sharedKey(kms, 'RSA_2048');
      const Plaintext = new Uint8Array(191);
      const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext });
      await refused(
        kms.call('ReEncrypt', {
          CiphertextBlob,
          DestinationKeyId: rsa,
          DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
        }),
        'ValidationException',
        'Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.',
      );
    },
  },
  {
    name: 'a context for an RSA destination is refused',
    run: async (kms) => {
      const { CiphertextBlob } = await twoKeys(kms);
      const rsa = await sharedKey(kms, 'RSA_2048');
      await refused(
        kms.call('ReEncrypt', {
          CiphertextBlob,
          DestinationKeyId: rsa,
          DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
          DestinationEncryptionContext: { a: 'b' },
        }),
        'ValidationException',
      );
    },
  },
  {
    name: 'a dry run that would succeed is DryRunOperationException',
    run: async (kms) => {
      const { destination, CiphertextBlob } = await twoKeys(kms);
      await refused(
        kms.call('ReEncrypt', {
          CiphertextBlob,
          DestinationKeyId: destination.KeyId,
          DryRun: true,
        }),
        'DryRunOperationException',
        DRY,
      );
    },
  },
  {
    name: 'a dry run of a damaged ciphertext is InvalidCiphertextException, unless the ciphertext is ignored',
    run: async (kms) => {
      const { source, destination } = await twoKeys(kms);
      const request = {
        CiphertextBlob: bytes('damaged'),
        SourceKeyId: source.KeyId,
        DestinationKeyId: destination.KeyId,
        DryRun: true,
      };
      await refused(kms.call('ReEncrypt', request), 'InvalidCiphertextException');
      const DryRunModifiers = ['IGNORE_CIPHERTEXT'] as const;
      await refused(
        kms.call('ReEncrypt', { ...request, DryRunModifiers }),
        'DryRunOperationException',
        DRY,
      );
      const { CiphertextBlob: _, ...without } = request;
      await refused(
        kms.call('ReEncrypt', { ...without, DryRunModifiers }),
        'DryRunOperationException',
        DRY,
      );
    },
  },
  {
    name: 'IGNORE_CIPHERTEXT needs DryRun and a source key',
    run: async (kms) => {
      const { source, destination, CiphertextBlob } = await twoKeys(kms);
      const DryRunModifiers = ['IGNORE_CIPHERTEXT'] as const;
      const request = { CiphertextBlob, DestinationKeyId: destination.KeyId, DryRunModifiers };
      const SourceKeyId = source.KeyId;
      await refused(kms.call('ReEncrypt', { ...request, SourceKeyId }), 'ValidationException');
      await refused(kms.call('ReEncrypt', { ...request, DryRun: true }), 'ValidationException');
    },
  },
  {
    name: 'a ciphertext of 6,145 bytes is refused in KMS’s own sentence',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      await refused(
        kms.call('ReEncrypt', { CiphertextBlob: new Uint8Array(6145), DestinationKeyId: KeyId }),
        'ValidationException',
        "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member must have length less than or equal to 6144",
      );
    },
  },
  {
    name: 'eleven grant tokens and an unknown algorithm are reported in one sentence',
    run: async (kms) => {
      const { destination, CiphertextBlob } = await twoKeys(kms);
      await refused(
        kms.call('ReEncrypt', {
          CiphertextBlob,
          DestinationKeyId: destination.KeyId,
          GrantTokens: Array.from({ length: 11 }, () => 'token'),
          SourceEncryptionAlgorithm: 'ROT13' as 'SYMMETRIC_DEFAULT',
        }),
        'ValidationException',
        /^2 validation errors detected: .+'sourceEncryptionAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: \[[A-Z0-9_, ]+\]; .+'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10$/,
      );
    },
  },
  {
    name: 'an invalid grant token is InvalidGrantTokenException',
    run: async (kms) => {
      const { destination, CiphertextBlob } = await twoKeys(kms);
      await refused(
        kms.call('ReEncrypt', {
          CiphertextBlob,
          DestinationKeyId: destination.KeyId,
          GrantTokens: ['made-up'],
        }),
        'InvalidGrantTokenException',
      );
    },
  },
  {
    name: 'after rotation, re-encryption to the same key moves to the new material',
    run: async (kms) => {
      const { source, CiphertextBlob } = await twoKeys(kms);
      const { KeyId } = source;
      await kms.call('RotateKeyOnDemand', { KeyId });
      const { KeyMetadata } = await kms.call('DescribeKey', { KeyId });
      const moved = await kms.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId });
      expect(moved.SourceKeyMaterialId).toBe(source.CurrentKeyMaterialId);
      expect(moved.DestinationKeyMaterialId).toBe(KeyMetadata.CurrentKeyMaterialId);
      expect(moved.DestinationKeyMaterialId).not.toBe(moved.SourceKeyMaterialId);
    },
  },
  {
    name: 'key ids of another Region are NotFoundException: Invalid arn',
    run: async (kms) => {
      const { destination, CiphertextBlob } = await twoKeys(kms);
      const DestinationKeyId = destination.Arn.replace(kms.region, 'ap-southeast-2');
      await refused(
        kms.call('ReEncrypt', { CiphertextBlob, DestinationKeyId }),
        'NotFoundException',
        'Invalid arn ap-southeast-2',
      );
    },
  },
];
