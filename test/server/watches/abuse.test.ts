import type { EventEmitter } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { connect as net } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTokenBucket } from '../../../src/limits/token-bucket.ts';
import { cutHalfOpen } from '../../../src/server/watches/cut-half-open.ts';
import { limitResets, RESET_LIMITS } from '../../../src/server/watches/limit-resets.ts';
import { watchStreams } from '../../../src/server/watches/watch-streams.ts';
import {
  callHeaders,
  FLAG,
  frame,
  PREFACE,
  SETTINGS,
  TYPE,
  uint32,
} from '../../faults/attack/frames.ts';
import { type Caller, createCaller, createDoor, type Door, LIMITS } from '../listener/harness.ts';

const HEADERS = {
  ':method': 'POST',
  ':path': '/test.Door/WhoAmI',
  'content-type': 'application/grpc',
  te: 'trailers',
};

let door: Door;
let address: string;
let session: ClientHttp2Session;
let caller: Caller;

beforeEach(async () => {
  door = createDoor();
  ({ address } = await door.open());
  session = connect(`http://${address}`);
  session.on('error', () => {});
  caller = createCaller(address);
});

afterEach(async () => {
  session.destroy();
  caller.close();
  await door.close();
});

test('a call whose message is never complete is cut; others on the connection go on', async () => {
  const { connections } = door;
  const watch = cutHalfOpen({
    connections,
    streaming: new Set(),
    limitMs: 40,
  });
  const half = halfCall();
  const whole = wholeCall();
  await Promise.all([closing(half), closing(whole)]);
  expect([half.rstCode, whole.rstCode]).toEqual([11, 0]);
  expect(await caller.whoAmI()).toContain('127.0.0.1');
  watch.close();
});

test('silent peers shut out nobody else, and a peer that speaks HTTP/2 keeps its place', async () => {
  const { address: small } = await door.open({ limits: { ...LIMITS, maxConnections: 3 } });
  const first = createCaller(small);
  const path = await first.whoAmI();
  const silent = Array.from({ length: 9 }, () =>
    net({ port: Number(small.split(':')[1]), host: '127.0.0.1' }),
  );
  for (const socket of silent) socket.on('error', () => {}).resume();
  await sleep(50);
  const second = createCaller(small);
  await second.whoAmI();
  expect(await first.whoAmI()).toBe(path);
  for (const one of [first, second]) one.close();
  for (const socket of silent) socket.destroy();
});

test('every incomplete call is cut, whichever calls between them end', async () => {
  const { connections } = door;
  const watch = cutHalfOpen({ connections, streaming: new Set(), limitMs: 200 });
  const pairs = Array.from({ length: 20 }, () => ({ half: halfCall(), whole: wholeCall() }));
  await Promise.all(pairs.map(({ whole }) => closing(whole)));
  await Promise.all(pairs.map(({ half }) => closing(half)));
  expect(new Set(pairs.map(({ half, whole }) => `${half.rstCode} ${whole.rstCode}`))).toEqual(
    new Set(['11 0']),
  );
  watch.close();
});

test('incomplete calls that may hold more memory than is set aside are cut at once', async () => {
  const half = { connections: door.connections, streaming: new Set<string>(), limitMs: 60_000 };
  const watch = cutHalfOpen({ ...half, heldBytes: 100_000 });
  const small = halfCall();
  await sleep(300);
  expect(small.closed).toBe(false);
  const large = halfCall(200_000);
  await Promise.all([closing(small), closing(large)]);
  expect([small.rstCode, large.rstCode]).toEqual([11, 11]);
  expect(await caller.whoAmI()).toContain('127.0.0.1');
  watch.close();
});

test('of connections that hold too much together, the heaviest are cut and the others are not', async () => {
  const half = { connections: door.connections, streaming: new Set<string>(), limitMs: 60_000 };
  const watch = cutHalfOpen({ ...half, heldBytes: 50_000 });
  const light = halfCall();
  const other = connect(`http://${address}`);
  other.on('error', () => {});
  await new Promise((connected) => other.once('connect', connected));
  const heavy = [halfCall(3, other), halfCall(3, other)];
  // What comes after their beginning counts.
  await roundTrip(other);
  for (const call of heavy) call.write(Buffer.alloc(40_000));
  await Promise.all(heavy.map(closing));
  await roundTrip(session);
  expect([light.closed, ...heavy.map(({ rstCode }) => rstCode)]).toEqual([false, 11, 11]);
  other.destroy();
  watch.close();
});

test('what is read together with the beginning of a call counts', async () => {
  const half = { connections: door.connections, streaming: new Set<string>(), limitMs: 60_000 };
  const watch = cutHalfOpen({ ...half, heldBytes: 50_000 });
  const UNKNOWN = 0xfa;
  const socket = frames([
    ...Array.from({ length: 4 }, () => frame(UNKNOWN, 0, 0, Buffer.alloc(15_000))),
    frame(TYPE.headers, FLAG.endHeaders, 1, callHeaders({ ':path': HEADERS[':path'] })),
    frame(TYPE.data, 0, 1, Buffer.alloc(1)),
  ]);
  await expect.poll(() => socket.received()).toContain(cutOff(1));
  socket.end();
  watch.close();
});

test('a call whose message is complete may wait for its answer', async () => {
  const answer = Promise.withResolvers<void>();
  const slow = createDoor(() => answer.promise);
  const { address: at } = await slow.open();
  const { connections } = slow;
  const watch = cutHalfOpen({ connections, streaming: new Set(), limitMs: 20 });
  const patient = createCaller(at);
  const answered = patient.whoAmI();
  await sleep(120);
  answer.resolve();
  expect(await answered).toContain('127.0.0.1');
  patient.close();
  watch.close();
  await slow.close();
});

test('a message in very many pieces counts as more than its bytes', async () => {
  const half = { connections: door.connections, streaming: new Set<string>(), limitMs: 60_000 };
  const watch = cutHalfOpen({ ...half, heldBytes: 100_000 });
  const socket = frames([
    frame(TYPE.headers, FLAG.endHeaders, 1, callHeaders({ ':path': HEADERS[':path'] })),
    frame(TYPE.data, 0, 1, Buffer.from([0, 0, 15, 0, 0])),
    ...Array.from({ length: 300 }, () => frame(TYPE.data, 0, 1, Buffer.alloc(1))),
  ]);
  await expect.poll(() => socket.received()).toContain(cutOff(1));
  socket.end();
  watch.close();
});

test('hundreds of honest messages at once are not mistaken for an attack', async () => {
  const { connections } = door;
  const watch = cutHalfOpen({ connections, streaming: new Set(), limitMs: 10_000 });
  const callers = Array.from({ length: 4 }, () => createCaller(address));
  const calls = callers.flatMap((one) =>
    Array.from({ length: 100 }, () => one.whoAmI(Buffer.alloc(20_000))),
  );
  const ended = await Promise.allSettled(calls);
  expect(ended.filter(({ status }) => status === 'rejected')).toEqual([]);
  for (const one of callers) one.close();
  watch.close();
});

test('a method whose request is a stream may take its time', async () => {
  const streaming = new Set([HEADERS[':path']]);
  const watch = cutHalfOpen({
    connections: door.connections,
    streaming,
    limitMs: 20,
  });
  const half = halfCall();
  await sleep(80);
  expect(half.closed).toBe(false);
  watch.close();
});

describe('a peer that resets its calls', () => {
  let watch: { close(): void };
  beforeEach(() => {
    watch = limitResets({
      connections: door.connections,
      createBucket: () => createTokenBucket(RESET_LIMITS),
    });
  });
  afterEach(() => watch.close());

  test('may cancel as many at once as it may have', async () => {
    await resetAtOnce(100);
    await sleep(50);
    expect([session.closed, session.destroyed]).toEqual([false, false]);
    const call = wholeCall();
    await closing(call);
    expect(call.rstCode).toBe(0);
  });

  test('over and over is cut off, and others are served', async () => {
    const closed = closing(session);
    // On a slow machine the allowance grows meanwhile. At 1,000 resets nghttp2 itself would cut it off.
    for (let round = 0; round < 9 && !session.closed; round += 1) await resetAtOnce(100);
    await closed;
    expect(await caller.whoAmI()).toContain('127.0.0.1');
  });

  test('is cut off between two frames, however many arrive in one piece', async () => {
    const whole = (n: number) => [
      frame(TYPE.headers, FLAG.endHeaders, n, callHeaders({ ':path': HEADERS[':path'] })),
      frame(TYPE.data, FLAG.endStream, n, Buffer.alloc(5)),
      frame(TYPE.rstStream, 0, n, uint32(8)),
    ];
    const calls = Array.from({ length: 300 }, (_, n) => whole(2 * n + 1));
    const began = performance.now();
    await frames(calls.flat()).closed;
    const { burst, perSecond } = RESET_LIMITS;
    const most = burst + (perSecond * (performance.now() - began)) / 1000;
    expect(door.arrivals.length).toBeGreaterThan(50);
    // Calls already on their way by then arrive too.
    expect(door.arrivals.length).toBeLessThan(most + 50);
  });

  // RFC 9113 does not restrict the code that a peer resets with.
  test('with the code NO_ERROR is cut off too', async () => {
    const whole = (n: number) => [
      frame(TYPE.headers, FLAG.endHeaders, n, callHeaders({ ':path': HEADERS[':path'] })),
      frame(TYPE.rstStream, 0, n, uint32(0)),
    ];
    const calls = Array.from({ length: 150 }, (_, n) => whole(2 * n + 1));
    await frames(calls.flat()).closed;
    expect(await caller.whoAmI()).toContain('127.0.0.1');
  });

  test('is left alone while its calls end well, however many there are', async () => {
    for (let round = 0; round < 3; round += 1) {
      const calls = Array.from({ length: 100 }, wholeCall);
      await Promise.all(calls.map(closing));
    }
    expect([session.closed, session.destroyed]).toEqual([false, false]);
  });

  // Node.js 24.21 crashes the process if garbage is collected before it is done with such a stream.
  test('is not cut off while Node reads what it sent', async () => {
    const whileRead: (boolean | undefined)[] = [];
    const look = watchStreams({
      closed: ({ stream }) => whileRead.push(stream.session?.destroyed),
    });
    const tooMany = Buffer.concat(Array.from({ length: 200 }, () => Buffer.from('\0\x01a\x01b')));
    const whole = (n: number) => [
      frame(TYPE.headers, FLAG.endHeaders, n, callHeaders({ ':path': HEADERS[':path'] })),
      frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, n, tooMany),
    ];
    const calls = Array.from({ length: 150 }, (_, n) => whole(2 * n + 1));
    await frames(calls.flat()).closed;
    look.close();
    expect(whileRead.length).toBeGreaterThan(100);
    expect(new Set(whileRead)).toEqual(new Set([false]));
    expect(await caller.whoAmI()).toContain('127.0.0.1');
  });
});

const cutOff = (stream: number): string =>
  frame(TYPE.rstStream, 0, stream, uint32(11)).toString('latin1');

/** A connection that has sent all this in one piece. */
function frames(said: readonly Buffer[]) {
  const { port } = new URL(`http://${address}`);
  const socket = net(Number(port), '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('error', () => {});
  socket.on('data', (bytes) => received.push(bytes));
  socket.write(Buffer.concat([PREFACE, SETTINGS, ...said]));
  return {
    closed: closing(socket),
    received: () => Buffer.concat(received).toString('latin1'),
    end: () => socket.destroy(),
  };
}

async function resetAtOnce(count: number): Promise<void> {
  const calls = Array.from({ length: count }, () => session.request(HEADERS));
  for (const call of calls) call.on('error', () => {}).close(8);
  await Promise.all(calls.map(closing));
}

function halfCall(bytes = 3, over = session): ClientHttp2Stream {
  const half = over.request(HEADERS);
  half.on('error', () => {});
  half.write(Buffer.concat([Buffer.from([0, 0, 15, 0, 0]), Buffer.alloc(bytes)]));
  return half;
}

function wholeCall(): ClientHttp2Stream {
  const whole = session.request(HEADERS);
  whole.end(Buffer.alloc(5));
  return whole.resume();
}

const roundTrip = (over: ClientHttp2Session) =>
  new Promise<void>((resolve) => over.ping(() => resolve()));

function closing(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => emitter.once('close', () => resolve()));
}
