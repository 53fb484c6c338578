import { once } from 'node:events';
import { createServer } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createConnections } from '../../../src/server/listener/connections.ts';
import { boundPieces } from '../../../src/server/watches/bound-pieces.ts';
import { cutHalfOpen } from '../../../src/server/watches/cut-half-open.ts';
import { callHeaders, FLAG, frame, PREFACE, SETTINGS, TYPE } from '../../faults/attack/frames.ts';
import { framed } from '../../helpers/raw-call.ts';

const STREAM = '/stream';
const UNARY = '/unary';

/** Each piece as a reader gets it, in hex. */
let pieces: string[];
/** Whether the reader has come to the end. */
let ended: boolean;
/** Ends the call once this many pieces have come. */
let enough: number;
let server: ReturnType<typeof createServer>;
let watches: { close(): void }[];

beforeEach(async () => {
  pieces = [];
  ended = false;
  enough = Infinity;
  const connections = { ...createConnections(), owns: () => true };
  const streaming = new Set([STREAM]);
  watches = [
    boundPieces({ connections, streaming }),
    cutHalfOpen({ connections, streaming, limitMs: 60_000 }),
  ];
  server = createServer().on('stream', (stream) => {
    stream.on('error', () => {});
    stream.on('end', () => {
      ended = true;
    });
    stream.on('data', (bytes: Buffer) => {
      pieces.push(bytes.toString('hex'));
      if (pieces.length === enough) stream.respond({ ':status': 200 }, { endStream: true });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  for (const watch of watches) watch.close();
  server.close();
});

const [EMPTY, SHORT] = [framed(Buffer.alloc(0)), framed(Buffer.from('ab'))];

test.each([
  ['all', STREAM, 5],
  ['the first two', UNARY, 2],
])('%s messages of one frame are read one by one: %s', async (_, path, count) => {
  // The last one ends in another frame.
  const whole = Buffer.concat([SHORT, EMPTY, EMPTY, SHORT.subarray(0, 3)]);
  const caller = send(path, [whole, SHORT.subarray(3)]);
  await expect.poll(() => ended).toBe(true);
  const [short, empty] = [SHORT.toString('hex'), EMPTY.toString('hex')];
  const all = [short, empty, empty, short.slice(0, 6), short.slice(6)];
  expect(pieces).toEqual(all.slice(0, count));
  caller.destroy();
});

test.each([STREAM, UNARY])('a reader of %s that has answered gets nothing more', async (path) => {
  enough = 2;
  const caller = send(path, [Buffer.concat(Array(100).fill(EMPTY)), EMPTY]);
  const answered = frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1).subarray(3, 9);
  await expect.poll(caller.received).toContain(answered.toString('latin1'));
  expect(pieces).toHaveLength(2);
  caller.destroy();
});

/** Sends each of these in its own frame, the last of which ends the stream. */
function send(path: string, parts: readonly Buffer[]) {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let received = '';
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  const begin = frame(TYPE.headers, FLAG.endHeaders, 1, callHeaders({ ':path': path }));
  const flagOf = (index: number) => (index === parts.length - 1 ? FLAG.endStream : 0);
  const data = parts.map((part, index) => frame(TYPE.data, flagOf(index), 1, part));
  socket.write(Buffer.concat([PREFACE, SETTINGS, begin, ...data]));
  return { received: () => received, destroy: () => socket.destroy() };
}
