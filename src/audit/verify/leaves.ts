import type { Disk } from '../log/disk.ts';
import { type Hash, hashLeaf } from '../log/tree.ts';
import { type LogFiles, refuseDamaged } from './collect.ts';
import { readEntries } from './entries.ts';

/** The hashes of a log's lines, and the subtrees that stand for what lies before its first segment. */
export interface Leaves {
  readonly firstSeq: number;
  leaf(seq: number): Hash;
  readonly peaks: readonly Hash[];
  /** The line of one entry. */
  line(seq: number): Buffer | undefined;
}

const HASH_BYTES = 32;

/** Reads the leaf hashes of the first `size` entries (32 bytes each). It does not verify the chain. */
export function readLeaves(disk: Disk, log: LogFiles, size: number, wanted = -1): Leaves {
  refuseDamaged(log);
  const { head, headless = 'it has no segment' } = log.segments[0] ?? {};
  if (!head) throw new Error(`${log.path}: ${headless}`);
  const firstSeq = head.chain.seq;
  let hashes = Buffer.alloc(HASH_BYTES * 1024);
  let seq = firstSeq;
  let line: Buffer | undefined;
  for (const entry of readEntries(disk, log, size)) {
    if (entry.seq !== seq) throw new Error(`entries ${seq} to ${entry.seq - 1} are missing`);
    const at = (entry.seq - firstSeq) * HASH_BYTES;
    if (at === hashes.length) hashes = Buffer.concat([hashes], at * 2);
    hashes.write(hashLeaf(entry.leaf), at, 'hex');
    if (entry.seq === wanted) line = Buffer.from(entry.bytes);
    seq = entry.seq + 1;
  }
  if (seq < size) throw new Error(`the log ends at seq ${seq - 1}; ${size} entries are asked for`);
  return {
    firstSeq,
    peaks: head.chain.tree.peaks,
    leaf: (of) =>
      hashes.toString('hex', (of - firstSeq) * HASH_BYTES, (of - firstSeq + 1) * HASH_BYTES),
    line: (of) => (of === wanted ? line : undefined),
  };
}
