import {
  constants,
  createDecipheriv,
  createPrivateKey,
  createSecretKey,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto';
import type { KeySpec } from '../model/spec.ts';
import type { ImportParameters } from '../world.ts';

/** The wrapped key material, or undefined where it was not wrapped by these parameters. */
export function unwrap(
  { algorithm, privateKey }: ImportParameters,
  wrapped: Uint8Array,
): Buffer | undefined {
  const oaepHash = algorithm.endsWith('SHA_256') ? 'sha256' : 'sha1';
  const options = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
  try {
    if (!algorithm.startsWith('RSA_AES_KEY_WRAP')) return privateDecrypt(options, wrapped);
    const size = (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
    const aesKey = privateDecrypt(options, wrapped.subarray(0, size));
    return unwrapAes(aesKey, wrapped.subarray(size));
  } catch {
    return undefined;
  }
}

/** RFC 5649. */
function unwrapAes(key: Buffer, wrapped: Uint8Array): Buffer {
  const iv = Buffer.from('a65959a6', 'hex');
  const decipher = createDecipheriv(`id-aes${key.length * 8}-wrap-pad`, key, iv);
  return Buffer.concat([decipher.update(wrapped), decipher.final()]);
}

const SYMMETRIC_SIZES: Readonly<Record<string, readonly [min: number, max: number]>> = {
  SYMMETRIC_DEFAULT: [32, 32],
  HMAC_224: [28, 64],
  HMAC_256: [32, 64],
  HMAC_384: [48, 128],
  HMAC_512: [64, 128],
};
const CURVES: Readonly<Record<string, string>> = {
  ECC_NIST_P256: 'prime256v1',
  ECC_NIST_P384: 'secp384r1',
  ECC_NIST_P521: 'secp521r1',
  ECC_SECG_P256K1: 'secp256k1',
};

/** A secret for a key of the spec, or undefined where the bytes are not one. */
export function toSecret(spec: KeySpec, bytes: Buffer): KeyObject | undefined {
  const sizes = SYMMETRIC_SIZES[spec];
  if (sizes) {
    return bytes.length >= sizes[0] && bytes.length <= sizes[1]
      ? createSecretKey(bytes)
      : undefined;
  }
  try {
    const key = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
    return fits(spec, key) ? key : undefined;
  } catch {
    return undefined;
  }
}

function fits(
  spec: KeySpec,
  { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject,
) {
  if (spec.startsWith('RSA_')) return type === 'rsa' && `RSA_${details?.modulusLength}` === spec;
  if (spec === 'ECC_NIST_EDWARDS25519') return type === 'ed25519';
  return type === 'ec' && details?.namedCurve === CURVES[spec];
}
