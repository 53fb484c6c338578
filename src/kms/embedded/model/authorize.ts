import type { EncryptionContext } from '../context.ts';
import { fault } from '../fault.ts';
import type { World } from '../world.ts';
import type { Key } from './key.ts';
import type { Caller } from './key-id.ts';

export interface Request {
  readonly key: Key;
  readonly caller: Caller;
  /** `Encrypt`, `ReEncryptFrom`, …: the IAM action without `kms:`. */
  readonly action: string;
  readonly context?: EncryptionContext | undefined;
  readonly grantTokens?: readonly string[] | undefined;
}

/** @throws AccessDeniedException unless account, key policy or a grant lets the caller act. */
export function authorize(_world: World, { key, caller, action }: Request): void {
  if (key.account === caller.account) return;
  throw denied(caller, action, key.arn);
}

export function denied(caller: Caller, action: string, arn: string) {
  return fault(
    'AccessDeniedException',
    `User: ${caller.principal} is not authorized to perform: kms:${action} on resource: ${arn} because no resource-based policy allows the kms:${action} action`,
  );
}
