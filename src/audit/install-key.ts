import { Buffer } from 'node:buffer';

const BYTES = 32;
const BASE64 = /^[A-Za-z0-9+/]{43}=\s*$/;

/**
 * The install key in a file: 32 bytes, or their base64 because some secret stores hold only text.
 * @throws Error naming the file
 */
export function toInstallKey(content: Buffer, path: string): Buffer {
  if (content.length === BYTES) return content;
  const text = content.toString('latin1');
  if (BASE64.test(text)) return Buffer.from(text, 'base64');
  throw new Error(`${path}: an install key has 32 bytes, or is their base64`);
}
