import type { World } from '../world.ts';
import { authorize, denied } from './authorize.ts';
import { findOwnKey } from './find.ts';
import type { Key } from './key.ts';
import type { Caller } from './key-id.ts';

interface Management {
  readonly caller: Caller;
  readonly action: string;
}

/** Finds a key by id or ARN for an operation that manages it, and checks that the caller may. */
export function managedKey(world: World, keyId: string, { caller, action }: Management): Key {
  const key = findOwnKey(world, keyId, caller);
  authorize(world, { key, caller, action });
  return key;
}

/** The same for what KMS tells only within the key's own account, whatever its policy says. */
export function ownKey(world: World, keyId: string, { caller, action }: Management): Key {
  const key = managedKey(world, keyId, { caller, action });
  if (key.account === caller.account) return key;
  throw denied({ key, caller, action }, 'because the key is in another account');
}
