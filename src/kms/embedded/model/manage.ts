import type { World } from '../world.ts';
import { authorize } from './authorize.ts';
import { findOwnKey } from './find.ts';
import type { Key } from './key.ts';
import type { Caller } from './key-id.ts';

/** Finds a key by id or ARN for an operation that manages it, and checks that the caller may. */
export function managedKey(
  world: World,
  keyId: string,
  { caller, action }: { readonly caller: Caller; readonly action: string },
): Key {
  const key = findOwnKey(world, keyId, caller);
  authorize(world, { key, caller, action });
  return key;
}
