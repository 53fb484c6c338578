import type { EventEmitter } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchHalfOpenCalls } from '../../../src/server/listener/half-open.ts';
import { type Caller, createCaller, createDoor, type Door } from './harness.ts';

const HEADERS = {
  ':method': 'POST',
  ':path': '/test.Door/WhoAmI',
  'content-type': 'application/grpc',
  te: 'trailers',
};

let door: Door;
let session: ClientHttp2Session;
let caller: Caller;

beforeEach(async () => {
  door = createDoor();
  const { address } = await door.open();
  session = connect(`http://${address}`);
  session.on('error', () => {});
  caller = createCaller(address);
});

afterEach(async () => {
  session.destroy();
  caller.close();
  await door.close();
});

test('a call whose message never comes whole is cut; others on the connection go on', async () => {
  const { connections } = door;
  const watch = watchHalfOpenCalls({
    connections,
    streaming: new Set(),
    limitMs: 40,
    maxMessageBytes: 1000,
  });
  const half = halfCall();
  const whole = session.request(HEADERS);
  whole.end(Buffer.alloc(5));
  whole.resume();
  await Promise.all([closing(half), closing(whole)]);
  expect([half.rstCode, whole.rstCode]).toEqual([11, 0]);
  expect(await caller.whoAmI()).toContain('127.0.0.1');
  watch.close();
});

test('where more such calls wait than memory is set aside for, the oldest are cut at once', async () => {
  const { connections } = door;
  const half = { connections, streaming: new Set<string>(), limitMs: 60_000 };
  // There is room for two messages of this size.
  const watch = watchHalfOpenCalls({ ...half, maxMessageBytes: 8 * 1024 * 1024 });
  const calls = [halfCall(), halfCall(), halfCall(), halfCall()];
  await Promise.all(calls.slice(0, 2).map(closing));
  await sleep(300);
  expect(calls.map(({ rstCode, closed }) => [rstCode, closed])).toEqual([
    [11, true],
    [11, true],
    [0, false],
    [0, false],
  ]);
  watch.close();
});

test('a method whose request is a stream may take its time', async () => {
  const streaming = new Set([HEADERS[':path']]);
  const watch = watchHalfOpenCalls({
    connections: door.connections,
    streaming,
    limitMs: 20,
    maxMessageBytes: 1000,
  });
  const half = halfCall();
  await sleep(80);
  expect(half.closed).toBe(false);
  watch.close();
});

test('a peer that resets its calls over and over is cut off', async () => {
  let resets = 0;
  const closed = closing(session);
  const flood = setInterval(() => {
    for (let n = 0; n < 20 && !session.closed; n += 1) {
      const stream = session.request(HEADERS);
      stream.on('error', () => {});
      stream.close(8);
      resets += 1;
    }
  }, 1);
  await closed;
  clearInterval(flood);
  expect(resets).toBeLessThan(2000);
  expect(await caller.whoAmI()).toContain('127.0.0.1');
});

function halfCall(): ClientHttp2Stream {
  const half = session.request(HEADERS);
  half.on('error', () => {});
  half.write(Buffer.from([0, 0, 0, 0, 100, 1, 2, 3]));
  return half;
}

function closing(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => emitter.once('close', () => resolve()));
}
