/** Puts an entry last; if there are then more than `most`, the first is dropped. */
export function putLast<V>(
  entries: Map<string, V>,
  [key, value]: readonly [string, V],
  most: number,
): void {
  entries.delete(key);
  entries.set(key, value);
  const [first] = entries.keys();
  if (entries.size > most && first !== undefined) entries.delete(first);
}
