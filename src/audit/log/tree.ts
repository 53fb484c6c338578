import { hash } from 'node:crypto';

/**
 * The RFC 6962 tree over a log's lines, as its compact range: the roots of the full subtrees that
 * the leaves so far fall into, largest first. That is enough to add leaves and to compute the root.
 */
export interface Tree {
  readonly size: number;
  readonly peaks: readonly Hash[];
}

/** 32 bytes in hex: a Buffer costs more to make than the hash in it. */
export type Hash = string;

export const EMPTY_TREE: Tree = { size: 0, peaks: [] };

const node = Buffer.alloc(65);
node[0] = 1;

/** @param leaf a zero and the line */
export function hashLeaf(leaf: Uint8Array): Hash {
  return hash('sha256', leaf, 'hex');
}

/** SHA-256(0x00 ‖ line). */
export function leafHash(line: Uint8Array): Hash {
  const leaf = Buffer.allocUnsafe(line.length + 1);
  leaf[0] = 0;
  leaf.set(line, 1);
  return hashLeaf(leaf);
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Hash, right: Hash): Hash {
  node.write(left, 1, 'hex');
  node.write(right, 33, 'hex');
  return hash('sha256', node, 'hex');
}

export function toBytes(hashed: Hash): Buffer {
  return Buffer.from(hashed, 'hex');
}

export function fromBytes(bytes: Buffer): Hash {
  return bytes.toString('hex');
}

/** Adds a leaf to `peaks` in place; `size` is the number of leaves before it. */
export function push(peaks: Hash[], size: number, leaf: Hash): void {
  let top = leaf;
  for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = peaks.pop();
    if (left === undefined) throw new Error('the tree has fewer peaks than its size says');
    top = nodeHash(left, top);
  }
  peaks.push(top);
}

export function rootOf({ peaks }: Tree): Buffer {
  const [last, ...larger] = peaks.toReversed();
  if (last === undefined) return hash('sha256', '', 'buffer');
  return toBytes(larger.reduce((right, left) => nodeHash(left, right), last));
}

/** How many peaks a tree of this size has. */
export function peakCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
