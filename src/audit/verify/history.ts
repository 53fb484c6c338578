import { type Hash, push, rootOf } from '../log/tree.ts';

/** The tree as it grows, which remembers enough to compute the roots of its recent past. */
export interface History {
  add(leaf: Hash): void;
  readonly size: () => number;
  readonly peaks: () => readonly Hash[];
  /** The root when the tree had this size; undefined if that is too long ago. */
  rootAt(size: number): Buffer | undefined;
  /** No root from before now will be asked for. */
  forget(): void;
}

/** Checkpoints come every thousand entries or so: this many are far more than a late signature needs. */
const REMEMBERED = 100_000;

export function createHistory(size: number, peaks: readonly Hash[]): History {
  const now = { size, peaks: [...peaks] };
  let base = { size, peaks: [...peaks] };
  let leaves: Hash[] = [];

  return {
    add(leaf) {
      push(now.peaks, now.size, leaf);
      now.size += 1;
      leaves.push(leaf);
      if (leaves.length > REMEMBERED) forget();
    },
    size: () => now.size,
    peaks: () => now.peaks,
    rootAt(wanted) {
      if (wanted === now.size) return rootOf(now);
      if (wanted < base.size || wanted > now.size) return;
      const past = [...base.peaks];
      for (let at = base.size; at < wanted; at += 1) {
        const leaf = leaves[at - base.size];
        if (leaf !== undefined) push(past, at, leaf);
      }
      return rootOf({ size: wanted, peaks: past });
    },
    forget,
  };

  function forget(): void {
    base = { size: now.size, peaks: [...now.peaks] };
    leaves = [];
  }
}
