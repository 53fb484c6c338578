import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { takePieces } from '../src/pieces.ts';

const streamOf = (...pieces: string[]) =>
  Readable.from(
    pieces.map((piece) => Buffer.from(piece)),
    { objectMode: false, highWaterMark: 64 },
  );

test('hands on each piece by itself, in order', async () => {
  const taken: string[] = [];
  await takePieces(streamOf('a', 'b', 'c'), (piece) => void taken.push(String(piece)));
  expect(taken).toEqual(['a', 'b', 'c']);
});

test('a piece that is not taken closes the stream, and no other is offered', async () => {
  const stream = streamOf('a', 'b', 'c');
  const offered: string[] = [];
  const taking = takePieces(stream, (piece) => {
    offered.push(String(piece));
    if (offered.length === 2) throw new Error('no more');
  });
  await expect(taking).rejects.toThrow('no more');
  expect(stream.destroyed).toBe(true);
  expect(offered).toEqual(['a', 'b']);
});

test('a stream that breaks off is an error', async () => {
  const stream = streamOf('a');
  stream.once('data', () => stream.destroy(new Error('reset')));
  await expect(takePieces(stream, () => undefined)).rejects.toThrow('reset');
});
