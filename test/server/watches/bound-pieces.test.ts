import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { boundPieces } from '../../../src/server/watches/bound-pieces.ts';
import {
  callHeaders,
  FLAG,
  frame,
  PREFACE,
  SETTINGS,
  TYPE,
  uint32,
} from '../../faults/attack/frames.ts';
import { until } from '../../helpers/until.ts';

const MOST = 100;

/** Bytes that were read from streams with any path but `/unread`. */
let read: number;
let server: ReturnType<typeof createServer>;
let watch: { close(): void };

beforeEach(async () => {
  read = 0;
  watch = boundPieces({
    connections: { owns: () => true },
    streaming: new Set(['/read', '/unread']),
    most: MOST,
  });
  server = createServer().on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path'] === '/unread') return;
    stream.on('data', (bytes: Buffer) => {
      read += bytes.length;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  watch.close();
  server.close();
});

test('a stream whose message comes in crumbs is cut off', async () => {
  const caller = send('/read', [head(250_000), ...crumbs(MOST)]);
  await expect.poll(caller.received).toContain(CUT_OFF);
  caller.end();
});

test('whole messages that are still unread count too', async () => {
  const caller = send('/unread', Array(MOST + 1).fill(head(0)));
  await expect.poll(caller.received).toContain(CUT_OFF);
  caller.end();
});

test('a stream may carry any number of messages that are read', async () => {
  // Each begins and ends in the middle of a piece.
  const middle = Buffer.concat([crumb(), head(2), crumb()]);
  const caller = send('/read', [head(2), crumb(), ...Array(5 * MOST).fill(middle), crumb()]);
  await expect.poll(() => read).toBe(7 * (1 + 5 * MOST));
  expect(caller.received()).not.toContain(CUT_OFF);
  caller.end();
});

test('a stream whose reader never catches up may carry any number of messages too', async () => {
  const opened = once(server, 'stream') as Promise<[ServerHttp2Stream]>;
  const caller = send('/unread', Array(MOST / 4).fill(head(0)));
  const [stream] = await opened;
  for (let sent = 0; sent < 5 * MOST; sent += 1) {
    // By turns, not by pauses: there are many.
    const came = () => stream.closed || stream.readableLength === (5 * MOST) / 4;
    await until(came, 10_000, () => turn());
    stream.read(5);
    caller.piece(head(0));
  }
  expect(stream.rstCode).toBe(0);
  caller.end();
});

test('a method whose request is one message is left to the half-open watch', async () => {
  const caller = send('/other', [head(250_000), ...crumbs(2 * MOST)]);
  await expect.poll(() => read).toBe(5 + 2 * MOST);
  expect(caller.received()).not.toContain(CUT_OFF);
  caller.end();
});

const CUT_OFF = frame(TYPE.rstStream, 0, 1, uint32(11)).toString('latin1');

const head = (length: number): Buffer => Buffer.concat([Buffer.alloc(1), uint32(length)]);
const crumb = (): Buffer => Buffer.alloc(1);
const crumbs = (count: number): Buffer[] => Array.from({ length: count }, crumb);

/** A stream that sends each of these pieces in its own frame. */
function send(path: string, pieces: readonly Buffer[]) {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('error', () => {});
  socket.on('data', (bytes) => received.push(bytes));
  const begin = frame(TYPE.headers, FLAG.endHeaders, 1, callHeaders({ ':path': path }));
  const data = pieces.map((piece) => frame(TYPE.data, 0, 1, piece));
  socket.write(Buffer.concat([PREFACE, SETTINGS, begin, ...data]));
  return {
    piece: (bytes: Buffer) => socket.write(frame(TYPE.data, 0, 1, bytes)),
    received: () => Buffer.concat(received).toString('latin1'),
    end: () => socket.destroy(),
  };
}
