import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { toError } from '../../thrown.ts';
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
  // Not `for await`, which joins the pieces that Node has passed on before it counts them.
  stream.on('data', (bytes: Buffer) => {
    // What Node has read already goes on coming.
    if (stream.destroyed) return;
    try {
      pieces += 1;
      if (pieces > MOST_PIECES) throw malformed('endless pieces');
      body.take(bytes);
    } catch (fault) {
      stream.destroy(toError(fault));
    }
  });
  await finished(stream);
  return Buffer.from(body.end() ?? '');
}
