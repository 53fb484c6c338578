import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';

/** A key that signs notes, as https://c2sp.org/signed-note specifies it. */
export interface VerifierKey {
  readonly name: string;
  readonly id: Buffer;
  readonly algorithm: number;
  readonly key: KeyObject;
}

/** Signature types of C2SP signed notes; ECDSA over SHA-256, in DER, as Sigstore's Rekor uses it. */
const ED25519 = 0x01;
const ECDSA = 0x02;

const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** `name+hash+key` of a public key. */
export function toVkey(name: string, publicKey: KeyObject): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const ed25519 = publicKey.asymmetricKeyType === 'ed25519';
  const encoded = ed25519
    ? Buffer.concat([Buffer.of(ED25519), spki.subarray(ED25519_SPKI.length)])
    : Buffer.concat([Buffer.of(ECDSA), spki]);
  return `${name}+${keyId(name, encoded).toString('hex')}+${encoded.toString('base64')}`;
}

const VKEY = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/;

/** Whether a text has the form of a verifier key, which no private key has. */
export function isVkey(text: string): boolean {
  return VKEY.test(text);
}

/** @throws Error naming what is wrong with it, and showing it */
export function parseVkey(vkey: string): VerifierKey {
  const [, name, hex, base64] = VKEY.exec(vkey) ?? [];
  if (!name || !hex || !base64) throw new Error(`'${vkey}' is not a verifier key (name+hash+key)`);
  const encoded = Buffer.from(base64, 'base64');
  const algorithm = encoded[0];
  if (algorithm !== ED25519 && algorithm !== ECDSA) {
    throw new Error(`'${vkey}' is of signature type ${algorithm}; 1 and 2 are known`);
  }
  const id = keyId(name, encoded);
  if (id.toString('hex') !== hex) throw new Error(`'${vkey}' does not match its own hash`);
  const bytes = encoded.subarray(1);
  const der = algorithm === ED25519 ? Buffer.concat([ED25519_SPKI, bytes]) : bytes;
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const type = algorithm === ED25519 ? 'ed25519' : 'ec';
  if (key.asymmetricKeyType !== type) throw new Error(`'${vkey}' holds a key of another type`);
  return { name, id, algorithm, key };
}

function keyId(name: string, encoded: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(`${name}\n`), encoded]);
  const input = encoded[0] === ECDSA ? encoded.subarray(1) : named;
  return hash('sha256', input, 'buffer').subarray(0, 4);
}

/** True where the signature is the key's over the text. */
export function verifies(
  text: string | Uint8Array,
  { algorithm, key }: VerifierKey,
  signature: Uint8Array,
): boolean {
  return verify(algorithm === ED25519 ? null : 'sha256', Buffer.from(text), key, signature);
}
