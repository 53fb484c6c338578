/** AWS's authenticated key–value pairs. Null prototype, frozen, well-formed UTF-16. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** The keys of a context, sorted. Not cached: a look-up costs several times what sorting does. */
export function contextKeys(context: EncryptionContext): readonly string[] {
  return sortKeys(Object.keys(context));
}

/** In place. Most contexts have a key or two, and even for those `sort` leaves a kilobyte of garbage. */
export function sortKeys(keys: string[]): readonly string[] {
  if (areSorted(keys)) return keys;
  return keys.length === 2 ? keys.reverse() : keys.sort();
}

function areSorted(keys: readonly string[]): boolean {
  for (let index = 1; index < keys.length; index += 1) {
    if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return false;
  }
  return true;
}
