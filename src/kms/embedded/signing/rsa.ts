import {
  constants,
  createHash,
  createPublicKey,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
} from 'node:crypto';
import type { SigningScheme } from './algorithm.ts';

/**
 * RSA signatures of ready-made digests, for which node:crypto has no call. The encodings are
 * RFC 8017 sections 9.1 (PSS, salt as long as the hash) and 9.2 (PKCS #1 v1.5).
 */
export function signDigest(
  key: KeyObject,
  digest: Buffer,
  { scheme, hash }: SigningScheme,
): Buffer {
  if (scheme === 'pkcs1') {
    const padding = constants.RSA_PKCS1_PADDING;
    return privateEncrypt({ key, padding }, Buffer.concat([DIGEST_INFO[hash], digest]));
  }
  const encoded = encodePss({ digest, hash, salt: randomBytes(digest.length), bits: bitsOf(key) });
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
}

export function verifyDigest(
  key: KeyObject,
  { digest, signature }: { digest: Buffer; signature: Uint8Array },
  { scheme, hash }: SigningScheme,
): boolean {
  const publicKey = createPublicKey(key);
  const padding = scheme === 'pkcs1' ? constants.RSA_PKCS1_PADDING : constants.RSA_NO_PADDING;
  try {
    const opened = publicDecrypt({ key: publicKey, padding }, signature);
    if (scheme === 'pkcs1') return opened.equals(Buffer.concat([DIGEST_INFO[hash], digest]));
    return checkPss(opened, { digest, hash, bits: bitsOf(key) });
  } catch {
    return false;
  }
}

const DIGEST_INFO = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
} as const;

interface Pss {
  readonly digest: Buffer;
  readonly hash: SigningScheme['hash'];
  readonly salt: Buffer;
  readonly bits: number;
}

function encodePss({ digest, hash, salt, bits }: Pss): Buffer {
  const size = bits / 8;
  const h = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const db = Buffer.alloc(size - h.length - 1);
  db[db.length - salt.length - 1] = 1;
  salt.copy(db, db.length - salt.length);
  const masked = xor(db, mask(hash, h, db.length));
  masked[0] = (masked[0] ?? 0) & 0x7f;
  return Buffer.concat([masked, h, Buffer.of(0xbc)]);
}

/** Takes the salt out of the encoding and encodes again: valid if both are the same bytes. */
function checkPss(encoded: Buffer, { digest, hash, bits }: Omit<Pss, 'salt'>): boolean {
  const dbSize = encoded.length - digest.length - 1;
  const h = encoded.subarray(dbSize, -1);
  const db = xor(encoded.subarray(0, dbSize), mask(hash, h, dbSize));
  const salt = db.subarray(dbSize - digest.length);
  return encodePss({ digest, hash, salt, bits }).equals(encoded);
}

/** MGF1. */
function mask(hash: string, seed: Buffer, size: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0, got = 0; got < size; counter += 1) {
    const index = Buffer.alloc(4);
    index.writeUInt32BE(counter);
    const block = createHash(hash).update(seed).update(index).digest();
    blocks.push(block);
    got += block.length;
  }
  return Buffer.concat(blocks, size);
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));
}

function bitsOf(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}
