import type { DiskFile } from './disk.ts';

export interface Line {
  /** Without its newline; valid until the next line is asked for. */
  readonly bytes: Buffer;
  /** A zero and the line: what an RFC 6962 leaf hash covers. */
  readonly leaf: Buffer;
  /** Where it starts in its file. */
  readonly offset: number;
  /** False for what follows the last newline. */
  readonly ended: boolean;
}

const CHUNK_BYTES = 256 << 10;
/** Longer than any entry: a file with a longer line is not ours, and is not read into memory. */
const MOST_LINE_BYTES = 8 << 20;

/** The lines of a file in constant memory; a last piece without newline comes with `ended: false`. */
export function* readLines(file: Pick<DiskFile, 'read'>, from = 0): Generator<Line> {
  // The byte before a line is the previous line's newline, which is no longer needed: it becomes
  // the zero of the leaf, so that no line is copied. Hence the spare byte in front.
  let chunk: Buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let filled = 1;
  let base = from - 1;
  for (;;) {
    const count = file.read(chunk.subarray(filled), base + filled);
    if (count === 0) break;
    const whole = chunk.subarray(0, filled + count);
    let start = 1;
    for (let end = whole.indexOf(10, filled); end >= 0; end = whole.indexOf(10, start)) {
      yield toLine(chunk, { start, end, base, ended: true });
      start = end + 1;
    }
    whole.copyWithin(1, start);
    filled = whole.length - start + 1;
    base += start - 1;
    if (filled > MOST_LINE_BYTES) break;
    if (filled === chunk.length) chunk = Buffer.concat([chunk], chunk.length * 2);
  }
  if (filled > 1) yield toLine(chunk, { start: 1, end: filled, base, ended: false });
}

/** A file's first line; undefined if no line of it is complete. */
export function firstLine(file: Pick<DiskFile, 'read'>): Uint8Array | undefined {
  const first = readLines(file).next();
  return first.done || !first.value.ended ? undefined : first.value.bytes;
}

interface Where {
  readonly start: number;
  readonly end: number;
  readonly base: number;
  readonly ended: boolean;
}

function toLine(chunk: Buffer, { start, end, base, ended }: Where): Line {
  chunk[start - 1] = 0;
  const leaf = chunk.subarray(start - 1, end);
  return { bytes: chunk.subarray(start, end), leaf, offset: base + start, ended };
}

/** What ties a line to the one before it. */
interface Link {
  readonly seq: number;
  readonly prev: string;
}

const PREV_KEY = Buffer.from('"prev":"');
const SEQ_KEY = Buffer.from('"seq":');

/** Reads `seq` and `prev` of a line, by position where that is unambiguous; undefined if it is no entry. */
export function linkOf(line: Buffer): Link | undefined {
  const prevAt = line.lastIndexOf(PREV_KEY);
  const seqAt = line.lastIndexOf(SEQ_KEY);
  const sole = prevAt === line.indexOf(PREV_KEY) && seqAt === line.indexOf(SEQ_KEY);
  return sole && prevAt > 0 && seqAt > prevAt ? byPosition(line, prevAt, seqAt) : byParsing(line);
}

function byPosition(line: Buffer, prevAt: number, seqAt: number): Link | undefined {
  const start = prevAt + PREV_KEY.length;
  const prev = line.toString('latin1', start, start + 64);
  const first = seqAt + SEQ_KEY.length;
  let seq = 0;
  let at = first;
  for (; ; at += 1) {
    const digit = (line[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) break;
    seq = seq * 10 + digit;
  }
  const whole =
    at > first && (line[at] === COMMA || line[at] === BRACE) && line[start + 64] === QUOTE;
  return whole && /^[0-9a-f]{64}$/.test(prev) ? { seq, prev } : undefined;
}

const COMMA = 0x2c;
const BRACE = 0x7d;
const QUOTE = 0x22;

function byParsing(line: Buffer): Link | undefined {
  try {
    const { seq, prev } = JSON.parse(line.toString());
    return Number.isSafeInteger(seq) && typeof prev === 'string' ? { seq, prev } : undefined;
  } catch {
    return undefined;
  }
}
