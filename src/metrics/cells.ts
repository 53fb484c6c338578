import { OVERFLOW } from './catalogue.ts';
import type { Cell } from './series.ts';

/** One counter series for each value of its label, all present from the start. */
export function cells<Key extends string>(
  keys: readonly Key[],
  create: (key: Key) => Cell,
): ReadonlyMap<string, Cell> {
  return new Map(keys.map((key) => [key, create(key)]));
}

/** Counts under the label's value, or under `_other` if that is not listed. */
export function add(from: ReadonlyMap<string, Cell>, key: string, count = 1): void {
  const cell = from.get(key) ?? from.get(OVERFLOW);
  if (cell) cell.value += count;
}

/** Counter series that are made when first asked for, where not every value is known before. */
export function cellsOnDemand(create: (key: string) => Cell): (key: string) => Cell {
  const cells = new Map<string, Cell>();
  return (key) => {
    const known = cells.get(key);
    if (known) return known;
    const cell = create(key);
    cells.set(key, cell);
    return cell;
  };
}
