import type { EncryptionContext } from '../call.ts';

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
  const from = Object.keys(source).sort();
  const to = Object.keys(destination).sort();
  const shared = from.filter((key) => Object.hasOwn(destination, key));
  return {
    added: to.filter((key) => !Object.hasOwn(source, key)),
    removed: from.filter((key) => !Object.hasOwn(destination, key)),
    changed: shared.filter((key) => source[key] !== destination[key]),
    kept: shared.filter((key) => source[key] === destination[key]),
  };
}
