import {
  createHash,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { World } from '../world.ts';
import type { Key, Material } from './key.ts';
import type { KeySpec } from './spec.ts';

/** A new secret for a key of a spec that KMS makes itself. RSA keys take tenths of a second. */
export function newSecret(spec: KeySpec): KeyObject {
  return MAKERS[spec]();
}

export function newMaterial(keyId: string, secret: KeyObject): Material {
  return {
    id: materialId(keyId, secret),
    secret,
    state: 'CURRENT',
    validTo: undefined,
    description: undefined,
    rotation: undefined,
  };
}

/** The id reveals nothing about the secret, and is the same if that secret is imported again. */
function materialId(keyId: string, secret: KeyObject): string {
  const hash = createHash('sha256').update('key material id').update(keyId);
  return hash.update(secretBytes(secret)).digest('hex');
}

/** A private key as PKCS #8. */
export function secretBytes(secret: KeyObject): Buffer {
  return secret.type === 'secret'
    ? secret.export()
    : secret.export({ format: 'der', type: 'pkcs8' });
}

/** Makes a new material current for the whole family; old ciphertexts still decrypt. */
export function rotate(world: World, key: Key, rotation: NonNullable<Material['rotation']>): void {
  const { materials } = key.family;
  const pending = materials.find(({ state }) => state === 'PENDING_ROTATION');
  for (const material of materials) {
    if (material.state === 'CURRENT') material.state = 'NON_CURRENT';
  }
  const next = pending ?? newMaterial(key.keyId, newSecret(key.spec));
  next.state = 'CURRENT';
  next.rotation = rotation;
  if (!pending) materials.push(next);
  world.changed();
}

const symmetric = (size: number) => () => createSecretKey(randomBytes(size));
const rsa = (modulusLength: number) => () =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey;
const curve = (namedCurve: string) => () => generateKeyPairSync('ec', { namedCurve }).privateKey;

const MAKERS: Readonly<Record<KeySpec, () => KeyObject>> = {
  SYMMETRIC_DEFAULT: symmetric(32),
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: curve('P-256'),
  ECC_NIST_P384: curve('P-384'),
  ECC_NIST_P521: curve('P-521'),
  ECC_SECG_P256K1: curve('secp256k1'),
  ECC_NIST_EDWARDS25519: () => generateKeyPairSync('ed25519').privateKey,
  HMAC_224: symmetric(28),
  HMAC_256: symmetric(32),
  HMAC_384: symmetric(48),
  HMAC_512: symmetric(64),
};
