import { fault } from './fault.ts';
import { authorize } from './model/authorize.ts';
import { findKey, requireState } from './model/find.ts';
import type { Key } from './model/key.ts';
import type { Caller } from './model/key-id.ts';
import { algorithmsOf, type KeyUsage } from './model/spec.ts';
import type { World } from './world.ts';

interface Use {
  readonly caller: Caller;
  readonly operation: string;
  readonly usage: KeyUsage;
  readonly algorithm: string;
  readonly grantTokens: readonly string[] | undefined;
}

/** Finds a key for signing, MACs or key agreement, and checks that it may and can be used for it. */
export function usableKey(world: World, keyId: string, use: Use): Key {
  const { caller, operation, grantTokens } = use;
  const key = findKey(world, keyId, caller);
  authorize(world, { key, caller, action: operation, grantTokens, requested: keyId });
  requireState(key);
  checkUse(key, use);
  return key;
}

/** @throws InvalidKeyUsageException unless the key is for the operation and the algorithm for the key. */
export function checkUse(
  key: Key,
  { operation, usage, algorithm }: Pick<Use, 'operation' | 'usage' | 'algorithm'>,
): void {
  if (key.usage !== usage) {
    throw fault(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
    );
  }
  if (algorithmsOf(key.spec, key.usage).includes(algorithm)) return;
  throw fault(
    'InvalidKeyUsageException',
    `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`,
  );
}
