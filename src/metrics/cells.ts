import { OVERFLOW } from './catalogue.ts';
import type { Cell } from './series.ts';

/** A series of a counter for each value that its label may have, all present from the start. */
export function cells<Key extends string>(
  keys: readonly Key[],
  create: (key: Key) => Cell,
): ReadonlyMap<string, Cell> {
  return new Map(keys.map((key) => [key, create(key)]));
}

/** Counts under the label's value, or with all that are not listed. */
export function add(from: ReadonlyMap<string, Cell>, key: string, count = 1): void {
  const cell = from.get(key) ?? from.get(OVERFLOW);
  if (cell) cell.value += count;
}
