import { MOST_HEAD_BYTES } from './answer-head.ts';
import { malformed } from './trouble.ts';

/** A body in chunks (RFC 9112, 7.1), as far as it has come. */
interface Chunks {
  expected: 'size' | 'data' | 'end of data' | 'trailer' | 'nothing';
  /** Bytes of the chunk that are still to come. */
  left: number;
  /** The part of a line received so far. */
  line: string;
  /** Of all lines before that one: a body in chunks of one byte costs more than any body. */
  lineBytes: number;
}

export const noChunks = (): Chunks => ({ expected: 'size', left: 0, line: '', lineBytes: 0 });

/**
 * Takes the next bytes, and passes every run that belongs to the body to `append`. True once the body
 * is complete. @throws KmsFault
 */
export function takeChunks(chunks: Chunks, bytes: Buffer, append: (part: Buffer) => void): boolean {
  let at = 0;
  while (at < bytes.byteLength) {
    if (chunks.expected === 'nothing') throw malformed('bytes after its answer');
    if (chunks.expected === 'data') {
      const part = bytes.subarray(at, at + chunks.left);
      append(part);
      chunks.left -= part.byteLength;
      if (chunks.left === 0) chunks.expected = 'end of data';
      at += part.byteLength;
    } else {
      at = takeLine(chunks, bytes, at);
    }
  }
  return chunks.expected === 'nothing';
}

const LF = 0x0a;

function takeLine(chunks: Chunks, bytes: Buffer, at: number): number {
  const lf = bytes.indexOf(LF, at);
  const end = lf < 0 ? bytes.byteLength : lf + 1;
  chunks.line += bytes.toString('latin1', at, end);
  if (chunks.line.length + chunks.lineBytes > MOST_HEAD_BYTES) throw malformed('endless chunks');
  if (lf < 0) return end;
  followLine(chunks, chunks.line);
  chunks.lineBytes += chunks.line.length;
  chunks.line = '';
  return end;
}

const SIZE = /^([\da-f]{1,8})(?:;[\t -~\x80-\xff]*)?\r\n$/i;
const TRAILER = /^[!#$%&'*+.^_`|~\w-]+:[\t -~\x80-\xff]*\r\n$/;

function followLine(chunks: Chunks, line: string): void {
  if (chunks.expected === 'size') {
    const size = SIZE.exec(line)?.[1];
    if (size === undefined) throw malformed('a chunk without a size');
    chunks.left = Number.parseInt(size, 16);
    chunks.expected = chunks.left === 0 ? 'trailer' : 'data';
  } else if (line === '\r\n') {
    chunks.expected = chunks.expected === 'trailer' ? 'nothing' : 'size';
  } else if (chunks.expected !== 'trailer' || !TRAILER.test(line)) {
    throw malformed('broken chunks');
  }
}
