import { fault } from '../fault.ts';
import type { Key } from '../model/key.ts';

/** @throws UnsupportedOperationException for a key that KMS made the material of. */
export function requireExternal(key: Key): void {
  if (key.origin === 'EXTERNAL') return;
  throw fault(
    'UnsupportedOperationException',
    `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
  );
}
