import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { cutHalfOpen } from '../../../src/server/watches/cut-half-open.ts';
import { callHeaders, FLAG, frame, TYPE, uint32 } from '../../faults/attack/frames.ts';
import { createCaller, createDoor } from '../listener/harness.ts';
import { closing, HEADERS, useDoor } from './use-door.ts';

const world = useDoor();

test('a call whose message is never complete is cut; others on the connection go on', async () => {
  const { connections } = world.door;
  const watch = cutHalfOpen({
    connections,
    streaming: new Set(),
    limitMs: 40,
  });
  const half = world.halfCall();
  const whole = world.wholeCall();
  await Promise.all([closing(half), closing(whole)]);
  expect([half.rstCode, whole.rstCode]).toEqual([11, 0]);
  expect(await world.caller.whoAmI()).toContain('127.0.0.1');
  watch.close();
});

test('every incomplete call is cut, whichever calls between them end', async () => {
  const { connections } = world.door;
  const watch = cutHalfOpen({ connections, streaming: new Set(), limitMs: 200 });
  const pairs = Array.from({ length: 20 }, () => ({
    half: world.halfCall(),
    whole: world.wholeCall(),
  }));
  await Promise.all(pairs.map(({ whole }) => closing(whole)));
  await Promise.all(pairs.map(({ half }) => closing(half)));
  expect(new Set(pairs.map(({ half, whole }) => `${half.rstCode} ${whole.rstCode}`))).toEqual(
    new Set(['11 0']),
  );
  watch.close();
});

test('incomplete calls that may hold more memory than is set aside are cut at once', async () => {
  const half = {
    connections: world.door.connections,
    streaming: new Set<string>(),
    limitMs: 60_000,
  };
  const watch = cutHalfOpen({ ...half, heldBytes: 100_000 });
  const small = world.halfCall();
  await sleep(300);
  expect(small.closed).toBe(false);
  const large = world.halfCall(200_000);
  await Promise.all([closing(small), closing(large)]);
  expect([small.rstCode, large.rstCode]).toEqual([11, 11]);
  expect(await world.caller.whoAmI()).toContain('127.0.0.1');
  watch.close();
});

test('of connections that hold too much together, the heaviest are cut and the others are not', async () => {
  const half = {
    connections: world.door.connections,
    streaming: new Set<string>(),
    limitMs: 60_000,
  };
  const watch = cutHalfOpen({ ...half, heldBytes: 50_000 });
  const light = world.halfCall();
  const other = connect(`http://${world.address}`);
  other.on('error', () => {});
  await new Promise((connected) => other.once('connect', connected));
  const heavy = [world.halfCall(3, other), world.halfCall(3, other)];
  // What comes after their beginning counts.
  await roundTrip(other);
  for (const call of heavy) call.write(Buffer.alloc(40_000));
  await Promise.all(heavy.map(closing));
  await roundTrip(world.session);
  expect([light.closed, ...heavy.map(({ rstCode }) => rstCode)]).toEqual([false, 11, 11]);
  other.destroy();
  watch.close();
});

test('what is read together with the beginning of a call counts', async () => {
  const half = {
    connections: world.door.connections,
    streaming: new Set<string>(),
    limitMs: 60_000,
  };
  const watch = cutHalfOpen({ ...half, heldBytes: 50_000 });
  const UNKNOWN = 0xfa;
  const socket = world.frames([
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
  const half = {
    connections: world.door.connections,
    streaming: new Set<string>(),
    limitMs: 60_000,
  };
  const watch = cutHalfOpen({ ...half, heldBytes: 100_000 });
  const socket = world.frames([
    frame(TYPE.headers, FLAG.endHeaders, 1, callHeaders({ ':path': HEADERS[':path'] })),
    frame(TYPE.data, 0, 1, Buffer.from([0, 0, 15, 0, 0])),
    ...Array.from({ length: 300 }, () => frame(TYPE.data, 0, 1, Buffer.alloc(1))),
  ]);
  await expect.poll(() => socket.received()).toContain(cutOff(1));
  socket.end();
  watch.close();
});

test('hundreds of honest messages at once are not mistaken for an attack', async () => {
  const { connections } = world.door;
  const watch = cutHalfOpen({ connections, streaming: new Set(), limitMs: 10_000 });
  const callers = Array.from({ length: 4 }, () => createCaller(world.address));
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
    connections: world.door.connections,
    streaming,
    limitMs: 20,
  });
  const half = world.halfCall();
  await sleep(80);
  expect(half.closed).toBe(false);
  watch.close();
});

const cutOff = (stream: number): string =>
  frame(TYPE.rstStream, 0, stream, uint32(11)).toString('latin1');

const roundTrip = (over: ClientHttp2Session) =>
  new Promise<void>((resolve) => over.ping(() => resolve()));
