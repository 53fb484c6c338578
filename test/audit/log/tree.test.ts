import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  fromBytes,
  leafHash,
  peakCount,
  push,
  rootOf,
  type Tree,
} from '../../../src/audit/log/tree.ts';
import type { Leaves } from '../../../src/audit/verify/leaves.ts';
import {
  consistencyProof,
  inclusionProof,
  rangeRoot,
  rootFromInclusion,
} from '../../../src/audit/verify/proof.ts';

const sha256 = (...parts: Uint8Array[]) =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 6962 2.1 as it is written, to compare ours with. */
function slowRoot(lines: readonly Buffer[]): Buffer {
  const [only] = lines;
  if (!only) return sha256();
  if (lines.length === 1) return sha256(Buffer.of(0), only);
  let split = 1;
  while (split * 2 < lines.length) split *= 2;
  return sha256(Buffer.of(1), slowRoot(lines.slice(0, split)), slowRoot(lines.slice(split)));
}

const linesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => Buffer.from(`line ${i}`));

function treeOf(lines: readonly Buffer[]): Tree {
  const peaks: string[] = [];
  for (const [index, line] of lines.entries()) push(peaks, index, leafHash(line));
  return { size: lines.length, peaks };
}

function leavesFrom(lines: readonly Buffer[], firstSeq: number): Leaves {
  return {
    firstSeq,
    peaks: treeOf(lines.slice(0, firstSeq)).peaks,
    leaf: (seq) => leafHash(lines[seq]!),
    line: (seq) => lines[seq],
  };
}

test('the root is RFC 6962’s for every size up to 70', () => {
  for (let size = 0; size <= 70; size += 1) {
    const lines = linesOf(size);
    expect(rootOf(treeOf(lines))).toEqual(slowRoot(lines));
    expect(treeOf(lines).peaks.length).toBe(peakCount(size));
  }
});

test('every inclusion proof leads to the root, and for another line does not', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), fc.nat(), fc.nat(), (size, a, b) => {
      const lines = linesOf(size);
      const seq = a % size;
      const proof = inclusionProof(leavesFrom(lines, b % (seq + 1)), seq, size);
      const root = fromBytes(slowRoot(lines));
      expect(rootFromInclusion({ line: lines[seq]!, seq, size, proof })).toEqual(root);
      const other = rootFromInclusion({ line: Buffer.from('other'), seq, size, proof });
      expect(other).not.toEqual(root);
    }),
    { numRuns: 300 },
  );
});

test('a proof leads to the root for no other entry, nor for one that the tree does not have', () => {
  const size = 6;
  const lines = linesOf(size);
  const root = fromBytes(slowRoot(lines));
  for (const [seq, line] of lines.entries()) {
    const proof = inclusionProof(leavesFrom(lines, 0), seq, size);
    const fitting = Array.from({ length: 100 }, (_, told) => told).filter(
      (told) => rootFromInclusion({ line, seq: told, size, proof }) === root,
    );
    expect(fitting).toEqual([seq]);
  }
});

test('a consistency proof has the hashes that RFC 6962 names', () => {
  const leaves = leavesFrom(linesOf(7), 0);
  const node = (from: number, to: number) => rangeRoot(leaves, { from, to });
  expect(consistencyProof(leaves, 3, 7)).toEqual([node(2, 3), node(3, 4), node(0, 2), node(4, 7)]);
  expect(consistencyProof(leaves, 4, 7)).toEqual([node(4, 7)]);
  expect(consistencyProof(leaves, 6, 7)).toEqual([node(4, 6), node(6, 7), node(0, 4)]);
  expect(consistencyProof(leaves, 7, 7)).toEqual([]);
  expect(consistencyProof(leaves, 0, 7)).toEqual([]);
  expect(() => consistencyProof(leaves, 7, 6)).toThrow('7 entries are more than 6');
});

test('a proof that needs single entries from before the first segment is refused', () => {
  const proof = (firstSeq: number, older: number, newer: number) => () =>
    consistencyProof(leavesFrom(linesOf(7), firstSeq), older, newer);
  expect(proof(5, 3, 7)).toThrow('entries 0 to 1 are needed, and the log given starts at 5');
  expect(proof(2, 1, 4)).toThrow('entries 1 to 1 are needed, and the log given starts at 2');
  expect(proof(4, 4, 7)()).toEqual(consistencyProof(leavesFrom(linesOf(7), 0), 4, 7));
});
