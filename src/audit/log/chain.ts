import { MARK_LENGTH, type Packed, placeOf } from '../entries/body.ts';
import { EMPTY_TREE, type Hash, hashLeaf, push, type Tree } from './tree.ts';

/** Where a log stands after its last durable line. */
export interface Chain {
  /** Of the next line. */
  readonly seq: number;
  /** The last line's leaf hash, SHA-256(0x00 ‖ line) without its newline; zeros before the first. */
  readonly prev: Hash;
  readonly tree: Tree;
}

export const EMPTY_CHAIN: Chain = { seq: 0, prev: '0'.repeat(64), tree: EMPTY_TREE };

interface Staged {
  /** Whole lines, newlines included; valid until the next call of `stage`. */
  readonly bytes: Buffer;
  readonly chain: Chain;
  /** Decision ids of the calls that the lines begin, and of those that they end. */
  readonly begun: readonly string[];
  readonly ended: readonly string[];
}

const NEWLINE = 10;
const BLANK = 0x20;
const PLUS = 0x2b;
/** `"seq":…,` of the largest safe integer. */
const SEQ_BYTES = 23;

/** Gives bodies their place in the chain. It leaves `chain` unchanged, so that a batch can be dropped. */
export type Stage = (chain: Chain, packed: Packed) => Staged;

export function createStage(): Stage {
  let buffer: Buffer = Buffer.allocUnsafe(256 << 10);

  return (chain, { memory, bytes }) => {
    const peaks = [...chain.tree.peaks];
    const begun: string[] = [];
    const ended: string[] = [];
    let { seq, prev } = chain;
    // A leaf hash covers a zero and the line. So the byte before each line, which is the newline
    // of the line before, is a zero while its line is hashed, and no line is copied.
    let end = 0;
    const packed = Buffer.from(memory, 0, bytes);
    for (let at = 0; at < bytes; ) {
      const place = placeOf(packed, at);
      const room = end + 2 + (place.end - at) + SEQ_BYTES;
      if (room > buffer.length) buffer = enlarge(buffer, room, end);
      const start = end + 1;
      buffer[end] = 0;
      end = start + packed.copy(buffer, start, place.line, place.seq);
      buffer.write(prev, start + place.prev - place.line, 'latin1');
      end += buffer.write(`"seq":${seq},`, end, 'latin1');
      end += packed.copy(buffer, end, place.seq + 1, place.end);
      prev = hashLeaf(buffer.subarray(start - 1, end));
      push(peaks, seq, prev);
      buffer[start - 1] = NEWLINE;
      if (packed[at] !== BLANK) {
        const id = packed.toString('latin1', at + 1, at + MARK_LENGTH);
        (packed[at] === PLUS ? begun : ended).push(id);
      }
      seq += 1;
      at = place.end + 1;
    }
    buffer[end] = NEWLINE;
    return {
      bytes: buffer.subarray(1, end + 1),
      chain: { seq, prev, tree: { size: seq, peaks } },
      begun,
      ended,
    };
  };
}

function enlarge(buffer: Buffer, room: number, used: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(room, buffer.length * 2));
  buffer.copy(larger, 0, 0, used);
  return larger;
}

/** Keeps the set of calls that were begun and not ended. */
export function settle(open: Set<string>, { begun, ended }: Staged): void {
  // In this order, because no call ends before it begins, and no id is used twice.
  for (const id of begun) open.add(id);
  for (const id of ended) open.delete(id);
}
