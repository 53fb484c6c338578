import { checkAlgorithm } from './cipher.ts';
import { fault } from './fault.ts';
import { authorize } from './model/authorize.ts';
import { findKey, requireState } from './model/find.ts';
import type { Key } from './model/key.ts';
import type { Caller } from './model/key-id.ts';
import type { KeyUsage } from './model/spec.ts';
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
  const { caller, operation, usage, algorithm, grantTokens } = use;
  const key = findKey(world, keyId, caller);
  authorize(world, { key, caller, action: operation, grantTokens, requested: keyId });
  requireState(key);
  if (key.usage !== usage) {
    throw fault(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
    );
  }
  checkAlgorithm(key, algorithm);
  return key;
}
