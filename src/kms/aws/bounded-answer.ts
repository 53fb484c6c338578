import type { Readable } from 'node:stream';
import { takePieces } from '../../pieces.ts';
import { createBody } from './http/body.ts';
import { malformed } from './http/trouble.ts';

/** Node passes on each chunk by itself; one of a byte costs as much as any. */
const MOST_PIECES = 2000;

/**
 * Reads an answer for the SDK, which by itself would read one of any size.
 * @throws KmsFault when it is larger than any answer of KMS, or in too many pieces
 */
export async function boundedAnswer(stream: Readable): Promise<Buffer> {
  const body = createBody({ chunked: false, bodyBytes: Number.POSITIVE_INFINITY });
  let pieces = 0;
  await takePieces(stream, (bytes) => {
    pieces += 1;
    if (pieces > MOST_PIECES) throw malformed('endless pieces');
    body.take(bytes);
  });
  return Buffer.from(body.end() ?? '');
}
