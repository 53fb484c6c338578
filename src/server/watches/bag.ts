/** A value that can be in a bag, in one at a time. */
export interface Placed {
  /** Its index, while it is in a bag. */
  place: number;
}

/** A collection without order. */
export interface Bag<T extends Placed> {
  put(value: T): void;
  /** Returns false, and does nothing, if the value is not in this bag. */
  take(value: T): boolean;
  /** A copy of all values. */
  all(): T[];
  /** The values without a copy: `put` and `take` reorder them. */
  readonly values: readonly T[];
}

/**
 * For values that come and go all the time. A Set or Map would hold them after they are gone: V8 links each
 * table that it has outgrown to the next, and once one of these is in the old generation, the contents of
 * all later ones stay until a full collection.
 */
export function createBag<T extends Placed>(): Bag<T> {
  const values: T[] = [];
  return {
    put(value) {
      value.place = values.length;
      values.push(value);
    },
    take(value) {
      if (values[value.place] !== value) return false;
      const last = values.pop();
      if (last === undefined || last === value) return true;
      values[value.place] = last;
      last.place = value.place;
      return true;
    },
    all: () => [...values],
    values,
  };
}
