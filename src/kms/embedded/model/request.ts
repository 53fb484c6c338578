import type { EncryptionContext } from '../../../encryption-context.ts';
import type { Key } from './key.ts';
import type { Caller } from './key-id.ts';

/** One thing that a caller wants to do with a key, with all that policies can ask about it. */
export interface Request {
  readonly key: Key;
  readonly caller: Caller;
  /** `Encrypt`, `ReEncryptFrom`, …: the IAM action without `kms:`. */
  readonly action: string;
  /** The key id as the caller wrote it. */
  readonly requested?: string | undefined;
  readonly algorithm?: string | undefined;
  readonly context?: EncryptionContext | undefined;
  readonly grantTokens?: readonly string[] | undefined;
  /** Whether both halves of a ReEncrypt use this key. */
  readonly sameKey?: boolean | undefined;
}
