import type { EncryptionContext } from '../../encryption-context.ts';
import { readHeader } from './blob.ts';
import { checkCipherUse, type Decrypted, decryptWith } from './cipher.ts';
import { checkContext } from './context.ts';
import { fault, invalidCiphertext, validation } from './fault.ts';
import { findKey, findKeyOfRegion } from './model/find.ts';
import type { Key } from './model/key.ts';
import type { Caller } from './model/key-id.ts';
import { isSymmetric } from './model/spec.ts';
import type { World } from './world.ts';

/** The decrypting half that Decrypt and ReEncrypt have in common. */
export interface Source {
  readonly ciphertext: Uint8Array | undefined;
  readonly keyId: string | undefined;
  readonly algorithm: string;
  readonly context: EncryptionContext | undefined;
  readonly grantTokens: readonly string[] | undefined;
  /** IAM action and, in messages, the name of the operation. */
  readonly action: 'Decrypt' | 'ReEncryptFrom';
  /** A dry run that checks only permissions and states. */
  readonly ignoreCiphertext: boolean;
}

/** The source key, by what the caller named or else by what the ciphertext says. */
export function findSource(world: World, source: Source, caller: Caller): Key {
  checkContext(source.context);
  return sourceKey(world, source, caller);
}

/** Checks that the caller may use the source key and that it can be used. */
export function useSource(world: World, source: Source, use: SourceUse): void {
  checkCipherUse(world, use.key, { ...source, ...use });
}

interface SourceUse {
  readonly key: Key;
  readonly caller: Caller;
  /** For a ReEncrypt: whether both its keys are the same. */
  readonly sameKey?: boolean;
}

export function decryptSource(source: Source, key: Key): Decrypted {
  const { algorithm, context } = source;
  return decryptWith(source.ciphertext ?? new Uint8Array(), { key, algorithm, context });
}

function sourceKey(world: World, source: Source, caller: Caller): Key {
  const header = source.ciphertext && readHeader(source.ciphertext);
  if (source.keyId === undefined) {
    if (source.algorithm !== 'SYMMETRIC_DEFAULT') {
      throw validation('KeyId is required for asymmetric ciphertexts.');
    }
    if (!header) throw invalidCiphertext();
    const made = findKeyOfRegion(world, caller.region, header.keyId);
    if (!made) throw unknownSource();
    return made;
  }
  const key = namedKey(world, source.keyId, caller);
  if (source.ignoreCiphertext || source.algorithm !== 'SYMMETRIC_DEFAULT') return key;
  if (header && header.keyId !== key.keyId) throw incorrectKey();
  if (!header && isSymmetric(key.spec)) throw invalidCiphertext();
  return key;
}

/** A bare key id may be in another account here, because a ciphertext could name it too. */
function namedKey(world: World, keyId: string, caller: Caller): Key {
  if (!keyId.startsWith('arn:') && !keyId.startsWith('alias/')) {
    const key = findKeyOfRegion(world, caller.region, keyId);
    if (key) return key;
  }
  return findKey(world, keyId, caller);
}

function incorrectKey() {
  return fault(
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  );
}

function unknownSource() {
  return fault(
    'AccessDeniedException',
    'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
  );
}
