import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { toError } from './thrown.ts';

/**
 * Hands on each piece that a stream brings, until it ends. Not by `for await`, which joins the pieces that Node has
 * passed on before anybody can count them. Rejects with what `take` throws, which closes the stream, or with why
 * the stream broke off.
 */
export async function takePieces(stream: Readable, take: (piece: Buffer) => void): Promise<void> {
  stream.on('data', (piece: Buffer) => {
    // What Node has read already goes on coming.
    if (stream.destroyed) return;
    try {
      take(piece);
    } catch (thrown) {
      stream.destroy(toError(thrown));
    }
  });
  await finished(stream);
}
