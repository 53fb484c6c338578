/** What can be put in a bag, in one at a time. */
export interface Placed {
  /** Where it stands, as long as it is in one. */
  place: number;
}

/** Values in no order. */
export interface Bag<T extends Placed> {
  put(value: T): void;
  /** Nothing happens where it is not in this one, and the answer is false. */
  take(value: T): boolean;
  /** All of them, as they are now. */
  all(): T[];
  /** The same without a copy: puts and takes move them. */
  readonly values: readonly T[];
}

/**
 * For values that come and go all the time. A Set or Map would hold them after they are gone: V8
 * links each table that it has outgrown to the next, and once one of them is in the old generation,
 * whatever the later ones held waits for a full collection.
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
