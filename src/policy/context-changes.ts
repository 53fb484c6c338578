import { contextKeys, type EncryptionContext } from '../encryption-context.ts';

/** Which encryption context keys a re-encryption adds, removes, changes or keeps; each list sorted. */
export interface ContextChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly kept: readonly string[];
}

export function contextChanges(
  source: EncryptionContext,
  destination: EncryptionContext,
): ContextChanges {
  const [added, removed, changed, kept]: [string[], string[], string[], string[]] = [
    [],
    [],
    [],
    [],
  ];
  for (const key of contextKeys(source)) {
    if (!Object.hasOwn(destination, key)) removed.push(key);
    else if (source[key] === destination[key]) kept.push(key);
    else changed.push(key);
  }
  for (const key of contextKeys(destination)) if (!Object.hasOwn(source, key)) added.push(key);
  return { added, removed, changed, kept };
}
