import type { Disk, DiskFile } from '../log/disk.ts';
import { type Head, readHead } from '../log/head.ts';
import { type Line, readLines } from '../log/lines.ts';
import { openIfThere } from '../log/open-regular.ts';
import { closedSegments, segmentPaths } from '../log/segments.ts';

export interface FollowedLine extends Line {
  readonly seq: number;
  /** Of the instance that wrote it. */
  readonly labels: Head['labels'];
}

/** Reads a log that is being written, from one segment into the next. */
export interface Follower {
  /** Lines from the current place up to but without `end`: a seq known to be durable. */
  read(end: number): Generator<FollowedLine>;
  /** Seq of the next line. */
  seq(): number;
  /** True if a file is shorter than what has been read of it. */
  cut(): boolean;
  /** How many entries were gone before they could be read. */
  missed(): number;
  close(): void;
}

interface Source {
  readonly file: DiskFile;
  readonly inode: number;
  readonly first: number;
  readonly labels: Head['labels'];
  offset: number;
}

export function createFollower(disk: Disk, path: string, from: number): Follower {
  let seq = from;
  let missed = 0;
  let source: Source | undefined;
  return {
    *read(end) {
      while (seq < end) {
        source ??= find();
        if (!source) return;
        yield* lines(source, Math.min(end, nextSeq(disk, path, source)));
        // The segment ended before `end`: the rest is in the next one.
        if (seq < end && !stepOn(source)) return;
      }
    },
    seq: () => seq,
    cut: () => source !== undefined && source.file.facts().bytes < source.offset,
    missed: () => missed,
    close: () => source?.file.close(),
  };

  function* lines(of: Source, end: number): Generator<FollowedLine> {
    for (const line of readLines(of.file, of.offset)) {
      if (seq >= end || !line.ended) return;
      of.offset = line.offset + line.bytes.length + 1;
      seq += 1;
      yield { ...line, seq: seq - 1, labels: of.labels };
    }
  }

  function stepOn(of: Source): boolean {
    const next = find();
    if (!next || next.inode === of.inode) {
      next?.file.close();
      return false;
    }
    of.file.close();
    source = next;
    return true;
  }

  /** The segment that holds the next entry; if that is gone, the oldest there is. */
  function find(): Source | undefined {
    const fitting = holding(disk, path, seq);
    if (!fitting) return;
    const { file, first, labels } = fitting;
    if (first > seq) {
      missed += first - seq;
      seq = first;
    }
    const { inode } = file.facts();
    return { file, first, labels, inode, offset: offsetOf(file, seq - first) };
  }
}

type Opened = Pick<Source, 'file' | 'first' | 'labels'>;

/** The segment with the greatest first seq that is not past this one; else the oldest. */
function holding(disk: Disk, path: string, seq: number): Opened | undefined {
  // The live one first: if it is closed after that, the list of the others has its closed name.
  const [live] = openHeaded(disk, path);
  if (live && live.first <= seq) return live;
  const opened = segmentPaths(disk, path).flatMap((name) => openHeaded(disk, name));
  const there = [...opened, ...(live ? [live] : [])].sort((a, b) => a.first - b.first);
  const fitting = there.filter(({ first }) => first <= seq).at(-1) ?? there[0];
  for (const { file } of there) if (file !== fitting?.file) file.close();
  return fitting;
}

/** First seq of the segment after this one: what a faulty file holds beyond it was never acknowledged. */
function nextSeq(disk: Disk, path: string, { inode, first }: Source): number {
  if (disk.facts(path)?.inode === inode) return Number.POSITIVE_INFINITY;
  const closed = closedSegments(disk, path).find(({ firstSeq }) => firstSeq > first);
  if (closed) return closed.firstSeq;
  const [live] = openHeaded(disk, path);
  live?.file.close();
  return live?.first ?? Number.POSITIVE_INFINITY;
}

/** Opens a segment and reads where it starts; nothing if there is none. */
function openHeaded(disk: Disk, name: string): Opened[] {
  const file = openIfThere(disk, name);
  if (!file) return [];
  const head = readHead(file);
  if (head) return [{ file, first: head.chain.seq, labels: head.labels }];
  file.close();
  return [];
}

function offsetOf(file: DiskFile, skip: number): number {
  let left = skip;
  for (const { offset, ended } of readLines(file)) {
    if (left === 0 || !ended) return offset;
    left -= 1;
  }
  return file.facts().bytes;
}
