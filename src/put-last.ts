/** Puts an entry behind all others; where they are more than `most` then, the first goes. */
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
