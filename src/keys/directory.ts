import type { KeyDescription } from '../call.ts';

/** What is asked of KMS about keys. Every method rejects with a Refusal. */
export interface KeyDirectory {
  describeKey(keyId: string, signal: AbortSignal): Promise<KeyDescription>;
  listAliases(keyArn: string, signal: AbortSignal): Promise<readonly string[]>;
  listResourceTags(keyArn: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
}
