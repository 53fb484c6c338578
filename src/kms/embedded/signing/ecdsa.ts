import { createECDH, type KeyObject, randomBytes } from 'node:crypto';
import { readDer, writeDer } from './der.ts';

/**
 * ECDSA of ready-made digests (SEC 1, section 4.1), for which node:crypto has no call.
 * Its ECDH multiplies points. As the private key is known, verifying needs only one multiplication:
 * u1·G + u2·Q = (u1 + u2·d)·G.
 */
export function signDigest(key: KeyObject, digest: Buffer): Buffer {
  const { curve, order, d } = parametersOf(key);
  const z = truncated(digest, order);
  for (;;) {
    const k = (toBigInt(randomBytes(byteSize(order) + 8)) % (order - 1n)) + 1n;
    const r = timesGenerator(curve, k, order);
    const s = (inverse(k, order) * (z + r * d)) % order;
    if (r !== 0n && s !== 0n) return writeDer(r, s);
  }
}

export function verifyDigest(
  key: KeyObject,
  { digest, signature }: { digest: Buffer; signature: Uint8Array },
): boolean {
  const { curve, order, d } = parametersOf(key);
  const pair = readDer(Buffer.from(signature));
  if (!pair) return false;
  const [r, s] = pair;
  if (r < 1n || r >= order || s < 1n || s >= order) return false;
  const w = inverse(s, order);
  const u = (truncated(digest, order) * w + r * w * d) % order;
  return u !== 0n && timesGenerator(curve, u, order) === r;
}

const CURVES: Readonly<Record<string, { readonly curve: string; readonly order: bigint }>> = {
  'P-256': {
    curve: 'prime256v1',
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'P-384': {
    curve: 'secp384r1',
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  'P-521': {
    curve: 'secp521r1',
    order:
      0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
  secp256k1: {
    curve: 'secp256k1',
    order: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  },
};

function parametersOf(key: KeyObject) {
  const { crv = '', d = '' } = key.export({ format: 'jwk' });
  const curve = CURVES[crv];
  if (!curve) throw new Error(`no ECDSA parameters for curve ${crv}`);
  return { ...curve, d: toBigInt(Buffer.from(d, 'base64url')) };
}

/** The x coordinate of scalar·G, modulo the order. */
function timesGenerator(curve: string, scalar: bigint, order: bigint): bigint {
  const ecdh = createECDH(curve);
  ecdh.setPrivateKey(toBytes(scalar, byteSize(order)));
  const point = ecdh.getPublicKey();
  return toBigInt(point.subarray(1, 1 + (point.length - 1) / 2)) % order;
}

/** The leftmost bits of the digest, as many as the order has. */
function truncated(digest: Buffer, order: bigint): bigint {
  const excess = digest.length * 8 - order.toString(2).length;
  return excess > 0 ? toBigInt(digest) >> BigInt(excess) : toBigInt(digest);
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [((value % modulus) + modulus) % modulus, modulus, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b] = [b % a, a];
    [x, y] = [y - quotient * x, x];
    if (a === 0n) break;
  }
  return ((x % modulus) + modulus) % modulus;
}

const byteSize = (order: bigint) => Math.ceil(order.toString(2).length / 8);
const toBigInt = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
const toBytes = (value: bigint, size: number) =>
  Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex');
