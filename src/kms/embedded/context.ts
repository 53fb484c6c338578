import type { EncryptionContext } from '../../encryption-context.ts';
import { validation } from './fault.ts';

/**
 * The encryption context as additional authenticated data: pairs sorted by key, every part
 * length-prefixed, so that no two contexts have the same bytes ({ab: c} is not {a: bc}).
 */
export function contextBytes(context: EncryptionContext | undefined): Buffer {
  const keys = context ? Object.keys(context).sort() : [];
  if (context === undefined || keys.length === 0) return NOTHING;
  const parts: Buffer[] = [];
  for (const key of keys) parts.push(prefixed(key), prefixed(context[key] ?? ''));
  return Buffer.concat(parts);
}

/** @throws ValidationException for a pair without a key or a value, as KMS does. */
export function checkContext(context: EncryptionContext | undefined): void {
  if (context === undefined) return;
  for (const key in context) {
    if (key === '' || context[key] === '') throw validation('Invalid EncryptionContext');
  }
}

const NOTHING = Buffer.alloc(0);

function prefixed(part: string): Buffer {
  const size = Buffer.byteLength(part);
  const bytes = Buffer.allocUnsafe(4 + size);
  bytes.writeUInt32BE(size, 0);
  bytes.write(part, 4, 'utf8');
  return bytes;
}
