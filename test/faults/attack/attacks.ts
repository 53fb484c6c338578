import type { ClientHttp2Stream } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import {
  callHeaders,
  FLAG,
  frame,
  PREFACE,
  REMEMBERED,
  remembered,
  SETTINGS,
  TYPE,
  uint32,
} from './frames.ts';
import { atOneMoment, manyStreams, message, pairs } from './streams.ts';

/** Attacks one port; resolves to the number of attempts. */
export type Attack = (port: number) => Promise<number>;

const HELLO = Buffer.concat([PREFACE, SETTINGS]);
const OPEN = FLAG.endHeaders;
const DONE = FLAG.endHeaders | FLAG.endStream;
const EMPTY_MESSAGE = Buffer.alloc(5);
/** More than Node takes. */
const TRAILERS = Buffer.concat(Array.from({ length: 1000 }, () => Buffer.from('\0\x01a\x01b')));
/** Each of 250 kB. */
const FIFTY_PACKED = fifty(packed(Buffer.alloc(250_000)));
/** As many as a message can hold. */
const MANY_PAIRS = pairs(23_000);
/** SETTINGS_INITIAL_WINDOW_SIZE of zero. */
const NO_WINDOW = frame(TYPE.settings, 0, 0, Buffer.concat([Buffer.from([0, 4]), uint32(0)]));

// biome-ignore format: a table reads best with an attack a line.
/** Attacks that a bare grpc-js server does not withstand. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  '2,000 malformed connections': manyConnections(2000, () => [HELLO, frame(TYPE.headers, DONE, 1, Buffer.alloc(40, 0xff))]),
  '1,000 idle connections': manyConnections(1000, () => []),
  '1,000 prefaces and no more': manyConnections(1000, () => [PREFACE]),
  '500 half header blocks': manyConnections(500, () => [HELLO, frame(TYPE.headers, FLAG.endStream, 1, callHeaders())]),
  '200 connections with 10 half messages': manyConnections(200, () => [HELLO, ...odd(10).flatMap(halfCall)]),
  '20,000 calls without a message': manyConnections(200, () => [HELLO, ...odd(100).map((n) => frame(TYPE.headers, OPEN, n, callHeaders()))]),
  '20,000 answers that nobody takes': manyConnections(200, () => [PREFACE, NO_WINDOW, ...odd(100).flatMap((n) => [frame(TYPE.headers, OPEN, n, callHeaders({ ':path': '/grpc.health.v1.Health/Check' })), frame(TYPE.data, FLAG.endStream, n, EMPTY_MESSAGE)])]),
  'messages in pieces of one byte': oneConnection(10_000, (n) => n < 200 ? [frame(TYPE.headers, OPEN, n, callHeaders()), frame(TYPE.data, 0, n, Buffer.from([0, 0, 3, 0xd0, 0]))] : odd(100).map((stream) => frame(TYPE.data, 0, stream, Buffer.alloc(1)))),
  'large half messages on 10 connections, again and again': manyStreams({ connections: 10, ms: 4000, say: (stream) => void stream.write(message(Buffer.alloc(250_000)).subarray(0, -10)) }),
  'contexts of 23,000 pairs on 2 connections, again and again': manyStreams({ connections: 2, ms: 4000, say: (stream) => void stream.end(MANY_PAIRS) }),
  '1,400 contexts of 2,000 pairs that end at one moment': atOneMoment(14, pairs(2_000)),
  'watches of 2,000 long names': watches,
  'rapid reset': oneConnection(20_000, (n) => [frame(TYPE.headers, DONE, n, callHeaders()), reset(n)]),
  'rapid reset with messages': oneConnection(20_000, (n) => [...wholeCall(n), reset(n)]),
  'rapid reset with messages over 10 connections': tenTimes(oneConnection(5000, (n) => [...wholeCall(n), reset(n)])),
  'rapid reset without an error over 10 connections': tenTimes(oneConnection(5000, (n) => [...wholeCall(n), frame(TYPE.rstStream, 0, n, uint32(0))])),
  'trailers that are too many over 10 connections': tenTimes(oneConnection(2000, (n) => [frame(TYPE.headers, OPEN, n, callHeaders()), frame(TYPE.data, 0, n, EMPTY_MESSAGE), frame(TYPE.headers, DONE, n, TRAILERS)])),
  'made-you-reset': oneConnection(5000, (n) => [...halfCall(n), frame(TYPE.windowUpdate, 0, n, uint32(0))]),
  'a flood of CONTINUATION': oneConnection(4000, (n) => [n === 1 ? frame(TYPE.headers, 0, 1, callHeaders()) : frame(TYPE.continuation, 0, 1, Buffer.alloc(16_384))]),
  '100,000 PINGs': oneConnection(100_000, () => [frame(TYPE.ping, 0, 0, Buffer.alloc(8))]),
  '50,000 SETTINGS': oneConnection(50_000, () => [SETTINGS]),
  '100,000 empty DATA frames': oneConnection(100_000, (n) => [n === 1 ? frame(TYPE.headers, OPEN, 1, callHeaders()) : frame(TYPE.data, 0, 1)]),
  'a gzip bomb of 200 MB': gzipBomb,
  'fifty gzipped messages in each of 500 calls': manyConnections(5, () => [HELLO, ...odd(100).flatMap((n) => [frame(TYPE.headers, OPEN, n, callHeaders({ 'grpc-encoding': 'gzip' })), frame(TYPE.data, 0, n, FIFTY_PACKED)])]),
  '3,000 empty messages in each of 1,000 calls': manyConnections(10, () => [HELLO, ...odd(100).flatMap((n) => [frame(TYPE.headers, OPEN, n, callHeaders()), frame(TYPE.data, 0, n, Buffer.alloc(5 * 3000))])]),
  '60,000 parts of metadata in each of 500 calls of 200 bytes': manyConnections(5, () => [HELLO, ...odd(100).map((n) => frame(TYPE.headers, OPEN, n, partsOf(n)))]),
  'headers of 200 kB': oneConnection(50, (n) => [...bigHeaders(n)]),
  'deadlines past all reason': oneConnection(2000, (n) => [frame(TYPE.headers, OPEN, n, callHeaders({ 'grpc-timeout': '597H' })), frame(TYPE.data, FLAG.endStream, n, EMPTY_MESSAGE)]),
};

function odd(count: number): number[] {
  return Array.from({ length: count }, (_, n) => 2 * n + 1);
}

function reset(stream: number): Buffer {
  return frame(TYPE.rstStream, 0, stream, uint32(8));
}

function halfCall(stream: number): Buffer[] {
  const half = Buffer.from([0, 0, 1, 0, 0, 1, 2, 3]);
  return [frame(TYPE.headers, OPEN, stream, callHeaders()), frame(TYPE.data, 0, stream, half)];
}

function wholeCall(stream: number): Buffer[] {
  return [
    frame(TYPE.headers, OPEN, stream, callHeaders()),
    frame(TYPE.data, FLAG.endStream, stream, EMPTY_MESSAGE),
  ];
}

/** 4,000 empty parts, which are sent once and then named 15 times in each call. */
function partsOf(stream: number): Buffer {
  const first = stream === 1 ? remembered('x-bin', ','.repeat(4000)) : Buffer.alloc(0);
  return Buffer.concat([callHeaders(), first, Buffer.alloc(15, REMEMBERED)]);
}

function bigHeaders(stream: number): Buffer[] {
  const block = callHeaders({ 'x-big': 'a'.repeat(200_000) });
  const parts: Buffer[] = [];
  for (let at = 0; at < block.length; at += 16_384) {
    const part = block.subarray(at, at + 16_384);
    const last = at + 16_384 >= block.length ? FLAG.endHeaders : 0;
    const type = at === 0 ? TYPE.headers : TYPE.continuation;
    parts.push(frame(type, last | (at === 0 ? FLAG.endStream : 0), stream, part));
  }
  return parts;
}

function packed(body: Buffer): Buffer {
  const whole = message(gzipSync(body));
  whole.writeUInt8(1, 0);
  return whole;
}

function fifty(bytes: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: 50 }, () => bytes));
}

async function gzipBomb(port: number): Promise<number> {
  const bomb = packed(Buffer.alloc(200_000_000));
  const frames = [frame(TYPE.headers, OPEN, 1, callHeaders({ 'grpc-encoding': 'gzip' }))];
  for (let at = 0; at < bomb.length; at += 16_384) {
    const part = bomb.subarray(at, at + 16_384);
    frames.push(frame(TYPE.data, at + 16_384 >= bomb.length ? FLAG.endStream : 0, 1, part));
  }
  return manyConnections(1, () => [HELLO, ...frames])(port);
}

/** The health service must not keep the names that it is asked for. */
async function watches(port: number): Promise<number> {
  let name = 0;
  const say = (stream: ClientHttp2Stream): void => {
    name += 1;
    const text = Buffer.alloc(200_000, `${name} `);
    stream.end(message(Buffer.concat([Buffer.from([0x0a, 0xc0, 0x9a, 0x0c]), text])));
  };
  const path = '/grpc.health.v1.Health/Watch';
  for (let round = 0; round < 10; round += 1) {
    await manyStreams({ connections: 2, ms: 1000, path, say })(port);
  }
  return name;
}

/** Connections that send `say()` and then stay open for three seconds. */
function manyConnections(count: number, say: () => Buffer[]): Attack {
  return async (port) => {
    const words = Buffer.concat(say());
    const sockets: Socket[] = [];
    for (let n = 0; n < count; n += 1) {
      const socket = dial(port);
      if (words.length > 0) socket.write(words);
      sockets.push(socket);
      if (n % 50 === 49) await sleep(5);
    }
    await sleep(3000);
    for (const socket of sockets) socket.destroy();
    return count;
  };
}

/** One connection that sends until it is done or cut off. `n` counts 1, 3, 5 … as stream ids do. */
function oneConnection(count: number, say: (n: number) => Buffer[]): Attack {
  return async (port) => {
    const socket = dial(port);
    socket.write(HELLO);
    let struck = 0;
    while (struck < count && !socket.destroyed) {
      const burst: Buffer[] = [];
      for (let n = 0; n < 100 && struck < count; n += 1) {
        burst.push(...say(2 * struck + 1));
        struck += 1;
      }
      const more = socket.write(Buffer.concat(burst));
      await (more ? sleep(0) : Promise.race([drained(socket), sleep(1000)]));
    }
    await sleep(500);
    socket.destroy();
    return struck;
  };
}

function tenTimes(attack: Attack): Attack {
  return async (port) => {
    const struck = await Promise.all(Array.from({ length: 10 }, () => attack(port)));
    return struck.reduce((sum, one) => sum + one, 0);
  };
}

function dial(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.resume();
  return socket;
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', () => resolve());
    socket.once('close', () => resolve());
  });
}
