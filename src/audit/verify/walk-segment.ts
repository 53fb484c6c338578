import type { DiskFile } from '../log/disk.ts';
import type { Head } from '../log/head.ts';
import { type Line, readLines } from '../log/lines.ts';
import type { Hash } from '../log/tree.ts';
import type { SegmentFile } from './segment-file.ts';
import { CHANGED, type Walk } from './walk.ts';

interface SegmentOptions {
  readonly open: (segment: SegmentFile) => DiskFile;
  /** Head of the segment after this one. */
  readonly next: Head | undefined;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly onBytes: (bytes: number) => void;
}

interface Rest {
  readonly broken: boolean;
  readonly tornBytes: number;
  readonly abandonedBytes: number;
}

/** How a healthy segment ends. After anything else, bytes that were never acknowledged may follow. */
const ORDERLY = new Set(['size', 'age', 'reopen', 'origin', 'start']);
const PROGRESS_BYTES = 4 << 20;

const DONE: Rest = { broken: false, tornBytes: 0, abandonedBytes: 0 };
const BROKEN: Rest = { ...DONE, broken: true };
const CUT = 'the line is cut off, or longer than any entry';
const TWICE = 'another segment starts with the same seq';

/** Takes a segment's lines up to where the next segment starts. */
export function walkSegment(walk: Walk, segment: SegmentFile, options: SegmentOptions): Rest {
  const { open, onBytes } = options;
  if (segment.unmade && options.isLast) return { ...DONE, tornBytes: segment.bytes };
  if (!headFits(walk, segment, options)) return BROKEN;
  const file = open(segment);
  try {
    let told = 0;
    for (const line of readLines(file)) {
      const end = endOf(walk, line, segment, options.next);
      if (end) return end;
      if (!walk.take(line)) return BROKEN;
      if (line.offset - told < PROGRESS_BYTES) continue;
      told = line.offset;
      onBytes(told);
    }
    return lastFits(walk, options.next) ? DONE : BROKEN;
  } finally {
    file.close();
  }
}

function headFits(
  walk: Walk,
  { head, headless, damage }: SegmentFile,
  { isFirst, next }: SegmentOptions,
): boolean {
  const { seq, peaks } = walk.chain();
  if (damage !== '') return walk.reject(seq, `the file ${damage}`);
  if (!head) return walk.reject(seq, headless);
  const { chain } = head;
  // Otherwise all of this one would count as beyond its end, whatever it holds.
  if (next?.chain.seq === chain.seq) return walk.reject(chain.seq, TWICE);
  if (isFirst) return true;
  if (chain.seq > seq) return walk.reject(seq, `entries ${seq} to ${chain.seq - 1} are missing`);
  return (
    sameTree(head, peaks) ||
    walk.reject(seq, 'the head holds another tree than the entries before it')
  );
}

/** The next head's `prev` and tree both speak of the last line: if neither fits, that line was changed, not the head. */
function lastFits(walk: Walk, next: Head | undefined): boolean {
  if (!next) return true;
  if (!walk.meet(next.chain.prev)) return false;
  const { seq, prev, peaks } = walk.chain();
  if (next.chain.seq !== seq || next.chain.prev === prev || sameTree(next, peaks)) return true;
  return walk.reject(seq - 1, CHANGED);
}

function sameTree({ chain }: Head, peaks: readonly Hash[]): boolean {
  return chain.tree.peaks.every((peak, index) => peaks[index] === peak);
}

/** What to make of a line that is not the next entry; undefined if it may be. */
function endOf(walk: Walk, line: Line, segment: SegmentFile, next: Head | undefined) {
  const rest = segment.bytes - line.offset;
  const { seq } = walk.chain();
  const beyond = next !== undefined && seq >= next.chain.seq;
  if (!beyond && line.ended) return;
  if (!next) return { ...DONE, tornBytes: rest };
  if (!beyond) {
    walk.reject(seq, CUT);
    return BROKEN;
  }
  if (!ORDERLY.has(next.predecessor?.closed ?? '')) return { ...DONE, abandonedBytes: rest };
  walk.reject(seq, 'lines follow the end of the segment');
  return BROKEN;
}
