import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { BLOB_MARK } from './marks.ts';

/**
 * A symmetric ciphertext, version 1. All of the header is authenticated together with the
 * encryption context.
 *
 * | bytes | what |
 * |---|---|
 * | 0–3 | mark |
 * | 4 | version |
 * | 5 | 1 for a multi-Region key, else 0 |
 * | 6–21 | key id |
 * | 22–53 | key material id |
 * | 54–57 | CRC-32 of all before, so that damage is not mistaken for another key |
 * | 58–69 | nonce |
 * | 70– | AES-256-GCM ciphertext and its 16-byte tag |
 */
interface BlobHeader {
  readonly keyId: string;
  readonly materialId: string;
}

const VERSION = 1;
const CHECKED = 54;
const HEADER = 58;
const NONCE = 12;
const TAG = 16;

interface Sealing {
  readonly header: BlobHeader;
  readonly secret: KeyObject;
  readonly nonce: Uint8Array;
  readonly context: Uint8Array;
}

export function seal(plaintext: Uint8Array, { header, secret, nonce, context }: Sealing): Buffer {
  const head = headerBytes(header);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce);
  cipher.setAAD(Buffer.concat([head, context]));
  const body = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([head, nonce, body, cipher.getAuthTag()]);
}

/** What made the blob, or undefined where this is not a whole, undamaged blob of ours. */
export function readHeader(blob: Uint8Array): BlobHeader | undefined {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  if (bytes.length <= HEADER + NONCE + TAG) return undefined;
  if (!BLOB_MARK.every((byte, index) => bytes[index] === byte) || bytes[4] !== VERSION) {
    return undefined;
  }
  if (crc32(bytes.subarray(0, CHECKED)) !== bytes.readUInt32BE(CHECKED)) return undefined;
  const hex = bytes.toString('hex', 6, 22);
  const keyId =
    bytes[5] === 1
      ? `mrk-${hex}`
      : `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  return { keyId, materialId: bytes.toString('hex', 22, CHECKED) };
}

/** The plaintext, or undefined where key, context or bytes are not those that were sealed. */
export function open(
  blob: Uint8Array,
  { secret, context }: Pick<Sealing, 'secret' | 'context'>,
): Buffer | undefined {
  const nonce = blob.subarray(HEADER, HEADER + NONCE);
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce);
  decipher.setAAD(Buffer.concat([blob.subarray(0, HEADER), context]));
  decipher.setAuthTag(blob.subarray(-TAG));
  const plaintext = decipher.update(blob.subarray(HEADER + NONCE, -TAG));
  try {
    decipher.final();
    return plaintext;
  } catch {
    return undefined;
  }
}

function headerBytes({ keyId, materialId }: BlobHeader): Buffer {
  const head = Buffer.allocUnsafe(HEADER);
  head.set(BLOB_MARK, 0);
  const multiRegion = keyId.startsWith('mrk-');
  head[4] = VERSION;
  head[5] = multiRegion ? 1 : 0;
  head.write(multiRegion ? keyId.slice(4) : keyId.replaceAll('-', ''), 6, 'hex');
  head.write(materialId, 22, 'hex');
  head.writeUInt32BE(crc32(head.subarray(0, CHECKED)), CHECKED);
  return head;
}
