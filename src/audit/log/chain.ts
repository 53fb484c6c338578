import { hash } from 'node:crypto';
import { type Body, idOf, markOf, toLine } from '../body.ts';
import { EMPTY_TREE, hashLeaf, push, type Tree } from './tree.ts';

/** Where a log stands after its last durable line. */
export interface Chain {
  /** Of the next line. */
  readonly seq: number;
  /** SHA-256 of the last line's bytes without its newline, in hex; zeros before the first. */
  readonly prev: string;
  readonly tree: Tree;
}

export const EMPTY_CHAIN: Chain = { seq: 0, prev: '0'.repeat(64), tree: EMPTY_TREE };

export interface Staged {
  /** Whole lines, newlines included; valid until the next call of `stage`. */
  readonly bytes: Buffer;
  readonly chain: Chain;
}

const NEWLINE = 10;

/** Gives bodies their place in the chain. Nothing of `chain` changes, so that a batch can be dropped. */
export type Stage = (chain: Chain, bodies: readonly Body[]) => Staged;

export function createStage(): Stage {
  let buffer: Buffer = Buffer.allocUnsafe(256 << 10);

  return (chain, bodies) => {
    const peaks = [...chain.tree.peaks];
    let { seq, prev } = chain;
    // A leaf hash covers a zero and the line. So the byte before each line, which is the newline
    // of the line before, is a zero while its line is hashed, and no line is copied.
    let end = 0;
    for (const body of bodies) {
      const line = toLine(body, seq, prev);
      const room = end + 2 + line.length * 3;
      if (room > buffer.length) buffer = enlarge(buffer, room, end);
      const start = end + 1;
      buffer[end] = 0;
      end = start + buffer.write(line, start);
      push(peaks, seq, hashLeaf(buffer.subarray(start - 1, end)));
      prev = hash('sha256', buffer.subarray(start, end), 'hex');
      buffer[start - 1] = NEWLINE;
      seq += 1;
    }
    buffer[end] = NEWLINE;
    return {
      bytes: buffer.subarray(1, end + 1),
      chain: { seq, prev, tree: { size: seq, peaks } },
    };
  };
}

function enlarge(buffer: Buffer, room: number, used: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(room, buffer.length * 2));
  buffer.copy(larger, 0, 0, used);
  return larger;
}

/** Keeps the set of calls that were begun and not ended. */
export function settle(open: Set<string>, bodies: readonly Body[]): void {
  for (const body of bodies) {
    const mark = markOf(body);
    if (mark === '+') open.add(idOf(body));
    else if (mark === '-') open.delete(idOf(body));
  }
}
