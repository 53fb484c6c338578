import type { DiskFile } from './disk.ts';

export interface Line {
  /** Without its newline; valid until the next line is asked for. */
  readonly bytes: Buffer;
  /** Where it starts in its file. */
  readonly offset: number;
  /** False for what follows the last newline. */
  readonly ended: boolean;
}

const CHUNK_BYTES = 1 << 20;
/** Longer than any entry: past it a file is not one of ours, and is not read into memory. */
export const MAX_LINE_BYTES = 8 << 20;

/** The lines of a file in constant memory; a last piece without newline comes with `ended: false`. */
export function* readLines(file: Pick<DiskFile, 'read'>, from = 0): Generator<Line> {
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let filled = 0;
  let base = from;
  for (;;) {
    const count = file.read(chunk.subarray(filled), base + filled);
    if (count === 0) break;
    filled += count;
    let start = 0;
    for (;;) {
      const end = chunk.subarray(0, filled).indexOf(10, start);
      if (end < 0) break;
      yield { bytes: chunk.subarray(start, end), offset: base + start, ended: true };
      start = end + 1;
    }
    chunk.copyWithin(0, start, filled);
    filled -= start;
    base += start;
    if (filled === chunk.length) {
      if (filled >= MAX_LINE_BYTES) break;
      chunk = Buffer.concat([chunk], chunk.length * 2);
    }
  }
  if (filled > 0) yield { bytes: chunk.subarray(0, filled), offset: base, ended: false };
}

export interface Place {
  readonly seq: number;
  readonly prev: string;
}

const PREV_KEY = Buffer.from('"prev":"');
const SEQ_KEY = Buffer.from('"seq":');

/** Reads `seq` and `prev` of a line, by position where that is unambiguous; undefined where it is no entry. */
export function placeOf(line: Buffer): Place | undefined {
  const prevAt = line.lastIndexOf(PREV_KEY);
  const seqAt = line.lastIndexOf(SEQ_KEY);
  const sole = prevAt === line.indexOf(PREV_KEY) && seqAt === line.indexOf(SEQ_KEY);
  return sole && prevAt > 0 && seqAt > prevAt ? byPosition(line, prevAt, seqAt) : byParsing(line);
}

function byPosition(line: Buffer, prevAt: number, seqAt: number): Place | undefined {
  const start = prevAt + PREV_KEY.length;
  const prev = line.toString('latin1', start, start + 64);
  let seq = 0;
  let at = seqAt + SEQ_KEY.length;
  const first = at;
  for (;;) {
    const digit = (line[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) break;
    seq = seq * 10 + digit;
    at += 1;
  }
  return at > first && /^[0-9a-f]{64}$/.test(prev) ? { seq, prev } : undefined;
}

function byParsing(line: Buffer): Place | undefined {
  try {
    const { seq, prev } = JSON.parse(line.toString());
    return Number.isSafeInteger(seq) && typeof prev === 'string' ? { seq, prev } : undefined;
  } catch {
    return undefined;
  }
}
