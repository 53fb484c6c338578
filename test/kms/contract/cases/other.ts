import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
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

export const dataKeyCases: readonly Case[] = [
  {
    name: 'a data key comes in plaintext and encrypted, in the requested size',
    run: async (kms) => {
      const { KeyId, Arn } = await symmetricKey(kms);
      const sizes = [
        [{ KeySpec: 'AES_256' }, 32],
        [{ KeySpec: 'AES_128' }, 16],
        [{ NumberOfBytes: 64 }, 64],
        [{ NumberOfBytes: 1024 }, 1024],
      ] as const;
      for (const [wanted, size] of sizes) {
        const made = await kms.call('GenerateDataKey', { KeyId, ...wanted });
        expect(made.KeyId).toBe(Arn);
        expect(made.Plaintext.length).toBe(size);
        const { CiphertextBlob } = made;
        const opened = await kms.call('Decrypt', { CiphertextBlob });
        expect(Buffer.from(opened.Plaintext)).toEqual(Buffer.from(made.Plaintext));
      }
    },
  },
  {
    name: 'GenerateDataKeyWithoutPlaintext returns no plaintext',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const EncryptionContext = { a: 'b' };
      const made = await kms.call('GenerateDataKeyWithoutPlaintext', {
        KeyId,
        KeySpec: 'AES_256',
        EncryptionContext,
      });
      expect(Object.keys(made)).not.toContain('Plaintext');
      const { CiphertextBlob } = made;
      await refused(kms.call('Decrypt', { CiphertextBlob }), 'InvalidCiphertextException');
      const { Plaintext } = await kms.call('Decrypt', { CiphertextBlob, EncryptionContext });
      expect(Plaintext.length).toBe(32);
    },
  },
  {
    name: 'a data key needs either a key spec or a number of bytes',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const generate = (wanted: object) => kms.call('GenerateDataKey', { KeyId, ...wanted });
      const words = 'Please specify either number of bytes or key spec.';
      await refused(generate({}), 'ValidationException', words);
      await refused(
        generate({ KeySpec: 'AES_128', NumberOfBytes: 16 }),
        'ValidationException',
        words,
      );
      await refused(
        generate({ NumberOfBytes: 1025 }),
        'ValidationException',
        "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024",
      );
      await refused(generate({ KeySpec: 'AES_257' }), 'ValidationException');
    },
  },
  {
    name: 'an asymmetric key makes no data keys',
    run: async (kms) => {
      const KeyId = await sharedKey(kms, 'RSA_2048', 'SIGN_VERIFY');
      await refused(
        kms.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' }),
        'InvalidKeyUsageException',
        `${KeyId} key usage is SIGN_VERIFY which is not valid for GenerateDataKey.`,
      );
    },
  },
  {
    name: 'the halves of a data key pair match, and the private half decrypts',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const KeyPairSpec = 'ECC_NIST_P256' as const;
      const made = await kms.call('GenerateDataKeyPair', { KeyId, KeyPairSpec });
      expect(made.KeyPairSpec).toBe(KeyPairSpec);
      createPublicKey({ key: Buffer.from(made.PublicKey), format: 'der', type: 'spki' });
      const CiphertextBlob = made.PrivateKeyCiphertextBlob;
      const { Plaintext } = await kms.call('Decrypt', { CiphertextBlob });
      expect(Buffer.from(Plaintext)).toEqual(Buffer.from(made.PrivateKeyPlaintext));
      const without = await kms.call('GenerateDataKeyPairWithoutPlaintext', { KeyId, KeyPairSpec });
      expect(Object.keys(without)).not.toContain('PrivateKeyPlaintext');
    },
  },
  {
    name: 'random bytes come in the requested number',
    run: async (kms) => {
      const { Plaintext } = await kms.call('GenerateRandom', { NumberOfBytes: 44 });
      expect(Plaintext.length).toBe(44);
      await refused(
        kms.call('GenerateRandom', { NumberOfBytes: 0 }),
        'ValidationException',
        "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1",
      );
      await refused(
        kms.call('GenerateRandom', {}),
        'ValidationException',
        'NumberOfBytes is required.',
      );
    },
  },
];

async function publicKeyOf(kms: Driver, KeyId: string) {
  const { PublicKey } = await kms.call('GetPublicKey', { KeyId });
  return createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
}

export const asymmetricCases: readonly Case[] = [
  {
    name: 'the public key encrypts outside what the KMS decrypts inside',
    run: async (kms) => {
      const KeyId = await sharedKey(kms, 'RSA_2048');
      const key = await publicKeyOf(kms, KeyId);
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      const CiphertextBlob = publicEncrypt({ key, padding, oaepHash: 'sha256' }, bytes('outside'));
      const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256' as const;
      const opened = await kms.call('Decrypt', { CiphertextBlob, KeyId, EncryptionAlgorithm });
      expect(text(opened.Plaintext)).toBe('outside');
    },
  },
  {
    name: 'a symmetric key has no public key',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      await refused(kms.call('GetPublicKey', { KeyId }), 'UnsupportedOperationException');
    },
  },
  ...(
    [
      ['RSA_2048', 'RSASSA_PSS_SHA_256', 'sha256'],
      ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_512', 'sha512'],
      ['ECC_NIST_P256', 'ECDSA_SHA_256', 'sha256'],
      ['ECC_NIST_P384', 'ECDSA_SHA_384', 'sha384'],
      ['ECC_NIST_P521', 'ECDSA_SHA_512', 'sha512'],
      ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'sha256'],
    ] as const
  ).map(
    ([KeySpec, SigningAlgorithm, hash]): Case => ({
      name: `${KeySpec} signs by ${SigningAlgorithm} what OpenSSL verifies, message or digest`,
      run: async (kms) => {
        const KeyUsage = 'SIGN_VERIFY' as const;
        const KeyId =
          KeySpec === 'RSA_2048'
            ? await sharedKey(kms, KeySpec, KeyUsage)
            : (await kms.call('CreateKey', { KeySpec, KeyUsage })).KeyMetadata.KeyId;
        const key = await publicKeyOf(kms, KeyId);
        const message = bytes('message');
        const digest = createHash(hash).update(message).digest();
        const raw = { KeyId, SigningAlgorithm, Message: message };
        const digested = { ...raw, Message: digest, MessageType: 'DIGEST' as const };
        const padding = SigningAlgorithm.includes('PSS')
          ? constants.RSA_PKCS1_PSS_PADDING
          : constants.RSA_PKCS1_PADDING;
        for (const request of [raw, digested]) {
          const { Signature } = await kms.call('Sign', request);
          const publicKey = key.asymmetricKeyType === 'rsa' ? { key, padding } : key;
          expect(verify(hash, message, publicKey, Signature)).toBe(true);
          expect((await kms.call('Verify', { ...raw, Signature })).SignatureValid).toBe(true);
          expect((await kms.call('Verify', { ...digested, Signature })).SignatureValid).toBe(true);
          await refused(
            kms.call('Verify', { ...raw, Message: bytes('other'), Signature }),
            'KMSInvalidSignatureException',
          );
          for (const forged of [Buffer.concat([Signature, Buffer.of(0)]), lengthened(Signature)]) {
            await refused(
              kms.call('Verify', { ...raw, Signature: forged }),
              'KMSInvalidSignatureException',
            );
          }
        }
        await refused(
          kms.call('Sign', { ...digested, Message: bytes('short') }),
          'ValidationException',
          `Digest is invalid length for algorithm ${SigningAlgorithm}.`,
        );
      },
    }),
  ),
  {
    name: 'a key for encryption does not sign',
    run: async (kms) => {
      const KeyId = await sharedKey(kms, 'RSA_2048');
      await refused(
        kms.call('Sign', { KeyId, Message: bytes('x'), SigningAlgorithm: 'RSASSA_PSS_SHA_256' }),
        'InvalidKeyUsageException',
        `${KeyId} key usage is ENCRYPT_DECRYPT which is not valid for Sign.`,
      );
    },
  },
  {
    name: 'MACs are made and verified, and wrong ones are KMSInvalidMacException',
    run: async (kms) => {
      const made = await kms.call('CreateKey', {
        KeySpec: 'HMAC_256',
        KeyUsage: 'GENERATE_VERIFY_MAC',
      });
      const { KeyId, Arn } = made.KeyMetadata;
      const request = { KeyId, Message: bytes('x'), MacAlgorithm: 'HMAC_SHA_256' as const };
      const { Mac } = await kms.call('GenerateMac', request);
      expect(Mac.length).toBe(32);
      expect(await kms.call('VerifyMac', { ...request, Mac })).toMatchObject({
        KeyId: Arn,
        MacValid: true,
      });
      await refused(
        kms.call('VerifyMac', { ...request, Message: bytes('y'), Mac }),
        'KMSInvalidMacException',
      );
      await refused(
        kms.call('GenerateMac', { ...request, MacAlgorithm: 'HMAC_SHA_512' }),
        'InvalidKeyUsageException',
        'Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256.',
      );
    },
  },
  {
    name: 'two keys agree on a secret',
    run: async (kms) => {
      const make = () =>
        kms.call('CreateKey', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' });
      const [one, two] = [(await make()).KeyMetadata.KeyId, (await make()).KeyMetadata.KeyId];
      const agree = async (KeyId: string, other: string) => {
        const { PublicKey } = await kms.call('GetPublicKey', { KeyId: other });
        return kms.call('DeriveSharedSecret', { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey });
      };
      const [a, b] = [await agree(one, two), await agree(two, one)];
      expect(Buffer.from(a.SharedSecret)).toEqual(Buffer.from(b.SharedSecret));
    },
  },
];

/** A signature in DER, its sequence given one more number; of another, one of another length. */
function lengthened(signature: Uint8Array): Buffer {
  const [tag = 0, size = 0, ...content] = signature;
  return Buffer.from([tag, (size + 3) % 256, ...content, 2, 1, 1]);
}

async function wrapped(kms: Driver, KeyId: string, material: Buffer) {
  const parameters = await kms.call('GetParametersForImport', {
    KeyId,
    WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
    WrappingKeySpec: 'RSA_2048',
  });
  const key = createPublicKey({
    key: Buffer.from(parameters.PublicKey),
    format: 'der',
    type: 'spki',
  });
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return {
    KeyId,
    ImportToken: parameters.ImportToken,
    EncryptedKeyMaterial: publicEncrypt({ key, padding, oaepHash: 'sha256' }, material),
  };
}

async function importing(kms: Driver) {
  const made = await kms.call('CreateKey', { Origin: 'EXTERNAL' });
  return made.KeyMetadata;
}

const FOR_EVER = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const;

export const importCases: readonly Case[] = [
  {
    name: 'a key of origin EXTERNAL waits for its material, works with it, and waits again once it is deleted',
    run: async (kms) => {
      const { KeyId, Arn, KeyState, Enabled } = await importing(kms);
      expect([KeyState, Enabled]).toEqual(['PendingImport', false]);
      const encrypt = () => kms.call('Encrypt', { KeyId, Plaintext: bytes('x') });
      const pending = `${Arn} is pending import.`;
      await refused(encrypt(), 'KMSInvalidStateException', pending);

      const request = await wrapped(kms, KeyId, randomBytes(32));
      await refused(
        kms.call('ImportKeyMaterial', request),
        'ValidationException',
        'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES',
      );
      const other = { KeyMaterialId: 'a'.repeat(64) };
      const hour = 3_600_000;
      for (const [wrong, code] of [
        [{ ...FOR_EVER, ValidTo: new Date(Date.now() + hour) }, 'ValidationException'],
        [{ ValidTo: new Date(Date.now() - hour) }, 'ValidationException'],
        [{ ...FOR_EVER, ...other }, 'IncorrectKeyMaterialException'],
      ] as const) {
        await refused(kms.call('ImportKeyMaterial', { ...request, ...wrong }), code);
      }
      const imported = await kms.call('ImportKeyMaterial', { ...request, ...FOR_EVER });
      const { KeyMetadata } = await kms.call('DescribeKey', { KeyId });
      expect(KeyMetadata).toMatchObject({
        KeyState: 'Enabled',
        ...FOR_EVER,
        CurrentKeyMaterialId: imported.KeyMaterialId,
      });
      const { CiphertextBlob } = await encrypt();

      await kms.call('DeleteImportedKeyMaterial', { KeyId });
      await refused(encrypt(), 'KMSInvalidStateException', pending);
      await kms.call('ImportKeyMaterial', { ...request, ...FOR_EVER });
      expect(text((await kms.call('Decrypt', { CiphertextBlob })).Plaintext)).toBe('x');
    },
  },
  {
    slow: true,
    name: 'material other than the first is IncorrectKeyMaterialException, unless it is new and waits for rotation',
    run: async (kms) => {
      const { KeyId, Arn } = await importing(kms);
      const bring = async (more: object = {}) =>
        kms.call('ImportKeyMaterial', {
          ...(await wrapped(kms, KeyId, randomBytes(32))),
          ...FOR_EVER,
          ...more,
        });
      const first = await bring();
      await refused(bring(), 'IncorrectKeyMaterialException');
      await refused(
        kms.call('RotateKeyOnDemand', { KeyId }),
        'KMSInvalidStateException',
        `No available key material pending rotation for the key: ${Arn}.`,
      );
      const second = await bring({ ImportType: 'NEW_KEY_MATERIAL' });
      await refused(
        bring({ ImportType: 'NEW_KEY_MATERIAL' }),
        'KMSInvalidStateException',
        /^New key material \(id: [a-f0-9]{64}\) cannot be imported into KMS key .+, because another key material \(id: [a-f0-9]{64}\) is pending rotation\.$/,
      );
      const current = async () =>
        (await kms.call('DescribeKey', { KeyId })).KeyMetadata.CurrentKeyMaterialId;
      expect(await current()).toBe(first.KeyMaterialId);
      const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: bytes('old') });
      await kms.call('RotateKeyOnDemand', { KeyId });
      expect(await current()).toBe(second.KeyMaterialId);
      expect(text((await kms.call('Decrypt', { CiphertextBlob })).Plaintext)).toBe('old');
    },
  },
  {
    name: 'keys made by KMS import nothing',
    run: async (kms) => {
      const { KeyId, Arn } = await symmetricKey(kms);
      await refused(
        kms.call('GetParametersForImport', {
          KeyId,
          WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
          WrappingKeySpec: 'RSA_2048',
        }),
        'UnsupportedOperationException',
        `${Arn} origin is AWS_KMS which is not valid for this operation.`,
      );
    },
  },
  {
    slow: true,
    name: 'a token of another key, and material that was not wrapped by it, are refused',
    run: async (kms) => {
      const [one, two] = [await importing(kms), await importing(kms)];
      const request = await wrapped(kms, one.KeyId, randomBytes(32));
      await refused(
        kms.call('ImportKeyMaterial', { ...request, KeyId: two.KeyId, ...FOR_EVER }),
        'InvalidImportTokenException',
      );
      await refused(
        kms.call('ImportKeyMaterial', {
          ...request,
          EncryptedKeyMaterial: randomBytes(256),
          ...FOR_EVER,
        }),
        'InvalidCiphertextException',
      );
      const short = await wrapped(kms, one.KeyId, randomBytes(16));
      await refused(
        kms.call('ImportKeyMaterial', { ...short, ...FOR_EVER }),
        'InvalidCiphertextException',
      );
    },
  },
  {
    slow: true,
    name: 'an elliptic curve key imports and gives its public key',
    run: async (kms) => {
      const made = await kms.call('CreateKey', {
        Origin: 'EXTERNAL',
        KeySpec: 'ECC_NIST_P256',
        KeyUsage: 'SIGN_VERIFY',
      });
      const { KeyId } = made.KeyMetadata;
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const material = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
      await kms.call('ImportKeyMaterial', {
        ...(await wrapped(kms, KeyId, material)),
        ...FOR_EVER,
      });
      const key = await publicKeyOf(kms, KeyId);
      expect(key.equals(pair.publicKey)).toBe(true);
    },
  },
];
