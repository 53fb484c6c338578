import { type AnswerHead, MOST_BODY_BYTES, TOO_LARGE } from './answer-head.ts';
import { noChunks, takeChunks } from './chunks.ts';
import { malformed } from './trouble.ts';

/** The body of an answer that does not come at once. */
export interface Body {
  /** Takes the next bytes; the text, with the last of them. @throws KmsFault */
  take(bytes: Buffer): string | undefined;
  /** The text that the end of the connection makes whole; undefined where it cuts one short. */
  end(): string | undefined;
}

export function createBody({
  chunked,
  bodyBytes,
}: Pick<AnswerHead, 'chunked' | 'bodyBytes'>): Body {
  const chunks = noChunks();
  let kept = Buffer.alloc(0);
  let size = 0;

  /** Copies, because the next bytes are read into the same place. */
  function append(part: Buffer): void {
    const end = size + part.byteLength;
    if (end > MOST_BODY_BYTES) throw malformed(TOO_LARGE);
    if (end > kept.byteLength) {
      const larger = Buffer.allocUnsafe(Math.max(end, 2 * kept.byteLength));
      kept.copy(larger, 0, 0, size);
      kept = larger;
    }
    part.copy(kept, size);
    size = end;
  }

  function takeLength(bytes: Buffer): boolean {
    if (size + bytes.byteLength > bodyBytes) throw malformed('bytes after its answer');
    append(bytes);
    return size === bodyBytes;
  }

  const text = () => kept.toString('utf8', 0, size);
  return {
    take(bytes) {
      const whole = chunked ? takeChunks(chunks, bytes, append) : takeLength(bytes);
      return whole ? text() : undefined;
    },
    end: () => (!chunked && bodyBytes === Number.POSITIVE_INFINITY ? text() : undefined),
  };
}
