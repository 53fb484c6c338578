import {
  constants,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import type { EncryptionContext } from '../../encryption-context.ts';
import { KmsFault } from '../port.ts';
import { open, readHeader, seal } from './blob.ts';
import { checkContext, contextBytes } from './context.ts';
import { fault, invalidCiphertext, validation } from './fault.ts';
import { authorize } from './model/authorize.ts';
import { findKey, requireState } from './model/find.ts';
import { current, type Key, type Material } from './model/key.ts';
import type { Caller } from './model/key-id.ts';
import { isSymmetric, type KeySpec } from './model/spec.ts';
import { checkUse } from './use.ts';
import type { World } from './world.ts';

interface Encryption {
  readonly key: Key;
  readonly algorithm: string;
  readonly context: EncryptionContext | undefined;
}

interface Encrypted {
  readonly blob: Buffer;
  /** Id of the material that was used, for a symmetric key. */
  readonly materialId: string | undefined;
}

/** Encrypts under the key's current material; the key's state and usage are checked already. */
export function encryptWith(
  plaintext: Uint8Array,
  { key, algorithm, context }: Encryption,
): Encrypted {
  const material = materialOf(key);
  if (!isSymmetric(key.spec)) {
    checkRsaSize(key.spec, algorithm, plaintext.length);
    const options = { key: createPublicKey(material.secret), ...OAEP[algorithm] };
    return { blob: publicEncrypt(options, plaintext), materialId: undefined };
  }
  const blob = seal(plaintext, {
    header: { keyId: key.keyId, materialId: material.id },
    secret: material.secret,
    nonce: randomBytes(12),
    context: contextBytes(context),
  });
  return { blob, materialId: material.id };
}

export interface Decrypted {
  readonly plaintext: Buffer;
  readonly materialId: string | undefined;
}

/** @throws InvalidCiphertextException unless key, algorithm, context and bytes are those of the encryption. */
export function decryptWith(blob: Uint8Array, { key, algorithm, context }: Encryption): Decrypted {
  if (!isSymmetric(key.spec))
    return { plaintext: rsaDecrypt(blob, key, algorithm), materialId: undefined };
  const header = readHeader(blob);
  const material = key.family.materials.find(({ id }) => id === header?.materialId);
  if (!material) throw invalidCiphertext();
  if (!material.secret) throw fault('KMSInvalidStateException', `${key.arn} is pending import.`);
  const plaintext = open(blob, { secret: material.secret, context: contextBytes(context) });
  if (!plaintext) throw invalidCiphertext();
  return { plaintext, materialId: material.id };
}

/** What a caller asks of an encryption, before authorization. */
export interface EncryptionRequest {
  readonly keyId: string;
  readonly caller: Caller;
  /** IAM action, and the operation's name in messages. */
  readonly action: string;
  readonly algorithm: string;
  readonly context: EncryptionContext | undefined;
  readonly grantTokens: readonly string[] | undefined;
}

interface CipherUse extends Omit<EncryptionRequest, 'keyId'> {
  readonly keyId: string | undefined;
  readonly sameKey?: boolean | undefined;
}

/** Finds a key for encryption, and checks that the caller may use it and that it can be used. */
export function usableForEncryption(world: World, request: EncryptionRequest): Encryption {
  checkContext(request.context);
  return checkCipherUse(world, findKey(world, request.keyId, request.caller), request);
}

/** The same checks for a key already found, in either direction. `sameKey`: a ReEncrypt uses it twice. */
export function checkCipherUse(world: World, key: Key, request: CipherUse): Encryption {
  const { keyId, action, algorithm, context } = request;
  authorize(world, { ...request, key, requested: keyId });
  requireState(key);
  checkUse(key, { operation: action, usage: 'ENCRYPT_DECRYPT', algorithm });
  checkContextUse(key, context);
  return { key, algorithm, context };
}

/** @throws ValidationException where a context is given for a key that has no use for one. */
function checkContextUse(key: Key, context: EncryptionContext | undefined): void {
  if (isSymmetric(key.spec) || !context || Object.keys(context).length === 0) return;
  throw validation('EncryptionContext is not supported with asymmetric keys.');
}

/** The current material with its secret; a key without one is PendingImport and refused before. */
export function materialOf(
  key: Key,
): Material & { readonly secret: NonNullable<Material['secret']> } {
  const material = current(key);
  if (!material?.secret) {
    throw fault('KMSInvalidStateException', `${key.arn} is pending import.`);
  }
  return { ...material, secret: material.secret };
}

const OAEP: Readonly<Record<string, { padding: number; oaepHash: string; overhead: number }>> = {
  RSAES_OAEP_SHA_1: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1', overhead: 42 },
  RSAES_OAEP_SHA_256: {
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: 'sha256',
    overhead: 66,
  },
};

function checkRsaSize(spec: KeySpec, algorithm: string, size: number): void {
  const max = Number(spec.slice('RSA_'.length)) / 8 - (OAEP[algorithm]?.overhead ?? 0);
  if (size <= max) return;
  throw validation(
    `Algorithm ${algorithm} and key spec ${spec} cannot encrypt data larger than ${max} bytes.`,
  );
}

function rsaDecrypt(blob: Uint8Array, key: Key, algorithm: string): Buffer {
  try {
    return privateDecrypt({ key: materialOf(key).secret, ...OAEP[algorithm] }, blob);
  } catch (cause) {
    if (cause instanceof KmsFault) throw cause;
    throw invalidCiphertext();
  }
}
