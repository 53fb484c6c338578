import { type Hash, leafHash, nodeHash } from '../log/tree.ts';
import type { Leaves } from './leaves.ts';

/** RFC 6962 2.1.1: the hashes that lead from the entry `seq` to the root over `size` entries. */
export function inclusionProof(leaves: Leaves, seq: number, size: number): readonly Hash[] {
  if (seq < leaves.firstSeq || seq >= size) {
    const covered = `${leaves.firstSeq} to ${size - 1}`;
    throw new Error(`entry ${seq} is not among ${covered}, which are here and signed for`);
  }
  return path(leaves, seq, { from: 0, to: size });
}

/** RFC 6962 2.1.2: the hashes that show that the first `older` of `newer` entries are unchanged. */
export function consistencyProof(leaves: Leaves, older: number, newer: number): readonly Hash[] {
  if (older > newer) throw new Error(`${older} entries are more than ${newer}`);
  if (older === 0) return [];
  return subproof(leaves, older, { from: 0, to: newer, whole: true });
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function path(leaves: Leaves, seq: number, { from, to }: Range): readonly Hash[] {
  if (to - from === 1) return [];
  const split = from + largestPower(to - from);
  return seq < split
    ? [...path(leaves, seq, { from, to: split }), rangeRoot(leaves, { from: split, to })]
    : [...path(leaves, seq, { from: split, to }), rangeRoot(leaves, { from, to: split })];
}

function subproof(
  leaves: Leaves,
  older: number,
  { from, to, whole }: Range & { readonly whole: boolean },
): readonly Hash[] {
  if (older === to) return whole ? [] : [rangeRoot(leaves, { from, to })];
  const split = from + largestPower(to - from);
  if (older <= split) {
    const rest = rangeRoot(leaves, { from: split, to });
    return [...subproof(leaves, older, { from, to: split, whole }), rest];
  }
  const left = rangeRoot(leaves, { from, to: split });
  return [...subproof(leaves, older, { from: split, to, whole: false }), left];
}

/** The root of an aligned range. A range before the first segment is one of that segment's peaks. */
export function rangeRoot(leaves: Leaves, { from, to }: Range): Hash {
  if (to <= leaves.firstSeq) return peakOf(leaves, { from, to });
  if (to - from === 1) return leaves.leaf(from);
  const split = from + largestPower(to - from);
  return nodeHash(rangeRoot(leaves, { from, to: split }), rangeRoot(leaves, { from: split, to }));
}

function peakOf({ peaks, firstSeq }: Leaves, { from, to }: Range): Hash {
  let start = 0;
  for (const peak of peaks) {
    const end = start + largestPower(firstSeq - start + 1);
    if (start === from && end === to) return peak;
    start = end;
  }
  throw new Error(
    `entries ${from} to ${to - 1} are needed, and the log given starts at ${firstSeq}`,
  );
}

/** The largest power of two smaller than `count`. */
function largestPower(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

interface Inclusion {
  readonly line: Uint8Array;
  readonly seq: number;
  readonly size: number;
  readonly proof: readonly Hash[];
}

/** The root that a proof leads to (RFC 9162 2.1.3.2); undefined if it cannot be one. */
export function rootFromInclusion({ line, seq, size, proof }: Inclusion): Hash | undefined {
  if (seq >= size) return;
  let [index, last] = [seq, size - 1];
  let root = leafHash(line);
  for (const hash of proof) {
    if (last === 0) return;
    if (index % 2 === 1 || index === last) {
      root = nodeHash(hash, root);
      while (index % 2 === 0 && index !== 0) [index, last] = [half(index), half(last)];
    } else root = nodeHash(root, hash);
    [index, last] = [half(index), half(last)];
  }
  return last === 0 ? root : undefined;
}

const half = (value: number) => Math.floor(value / 2);
