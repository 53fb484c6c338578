import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { shareStreams } from '../../../src/server/watches/share-streams.ts';
import { watchStreams } from '../../../src/server/watches/watch-streams.ts';
import { type Caller, createCaller, createDoor, type Door } from '../listener/harness.ts';

const MOST = 20;

let door: Door;
let address: string;
let caller: Caller;
let sessions: ClientHttp2Session[];
let watch: { close(): void } | undefined;

/** Answers wait for this. */
let answers: PromiseWithResolvers<void>;

/** Milliseconds: calls age only when a test says so, however busy the machine is. */
let clock = 0;

/** Streams of the server that have not ended. */
let open: number;

/** Calls of `openCalls` whose answer has begun. */
let answered: number;
let counting: { close(): void };

beforeEach(async () => {
  // No two calls have the same age.
  vi.spyOn(performance, 'now').mockImplementation(() => {
    clock += 0.001;
    return clock;
  });
  open = 0;
  answered = 0;
  counting = watchStreams({
    created() {
      open += 1;
    },
    closed() {
      open -= 1;
    },
  });
  answers = Promise.withResolvers();
  door = createDoor(() => answers.promise);
  ({ address } = await door.open());
  caller = createCaller(address);
  sessions = [];
});

afterEach(async () => {
  answers.resolve();
  for (const session of sessions) session.destroy();
  caller.close();
  await door.close();
  // Otherwise the next test would count the ends of these calls.
  await until(() => open, 0);
  watch?.close();
  counting.close();
  vi.restoreAllMocks();
});

test('when too many calls are open, the connection with most loses its oldest ones except the first', async () => {
  watch = shareStreams({ connections: door.connections, streaming: new Set(), most: MOST });
  const few = await openCalls(5);
  const many = await openCalls(30);
  await until(() => many.filter(({ rstCode }) => rstCode === 11).length, 15);
  expect(few.filter(({ closed }) => closed)).toEqual([]);
  const given = many.flatMap(({ rstCode }, n) => (rstCode === 11 ? [n] : []));
  expect(given).toEqual(Array.from({ length: 15 }, (_, n) => n + 1));
  answers.resolve();
  expect(await caller.whoAmI()).toContain('127.0.0.1');
});

test('old calls are cut first, but one of each connection stays', async () => {
  watch = shareStreams({
    connections: door.connections,
    streaming: new Set(),
    most: MOST,
    oldMs: 500,
  });
  const old = await Promise.all([openCalls(2), openCalls(2), openCalls(2)]);
  clock += 600;
  const young = [...(await openCalls(14))];
  // Neither old nor just begun, and on the connection that has most.
  clock += 100;
  young.push(...(await openCalls(3)));
  await until(() => old.flat().filter(({ closed }) => closed).length, 3);
  for (const calls of old) expect(calls.map(({ rstCode }) => rstCode).sort()).toEqual([0, 11]);
  expect(young.filter(({ closed }) => closed)).toEqual([]);
});

test('calls that have just begun are cut last, however many their connection has', async () => {
  watch = shareStreams({
    connections: door.connections,
    streaming: new Set(),
    most: MOST,
    oldMs: 2500,
  });
  const held = await Promise.all([openCalls(6), openCalls(6), openCalls(6)]);
  clock += 100;
  answers.resolve();
  const calls = Array.from({ length: 12 }, () => caller.whoAmI());
  expect((await Promise.allSettled(calls)).map(({ status }) => status)).not.toContain('rejected');
  expect(held.flat().filter(({ rstCode }) => rstCode === 11).length).toBeGreaterThan(0);
});

test('calls that wait for their answers are left alone', async () => {
  watch = shareStreams({
    connections: door.connections,
    streaming: new Set(),
    most: MOST,
    oldMs: 50,
  });
  const waiting = Array.from({ length: 15 }, () => caller.whoAmI());
  await until(() => door.arrivals.length, 15);
  clock += 100;
  const held = await openCalls(10);
  await until(() => held.filter(({ rstCode }) => rstCode === 11).length, 5);
  answers.resolve();
  expect((await Promise.allSettled(waiting)).map(({ status }) => status)).not.toContain('rejected');
});

test('calls whose answers are not read are held open by their callers too', async () => {
  watch = shareStreams({ connections: door.connections, streaming: new Set(), most: MOST });
  answers.resolve();
  const unread = await openCalls(MOST, { whole: true, initialWindowSize: 0 });
  await until(() => answered, MOST);
  expect(await caller.whoAmI()).toContain('127.0.0.1');
  await until(() => unread.filter(({ rstCode }) => rstCode === 11).length, 1);
});

test('a new call is served while all others wait for their answers', async () => {
  watch = shareStreams({ connections: door.connections, streaming: new Set(), most: MOST });
  const waiting = Array.from({ length: MOST }, () => caller.whoAmI());
  await until(() => door.arrivals.length, MOST);
  const newcomer = createCaller(address);
  const served = newcomer.whoAmI();
  await until(() => door.arrivals.length, MOST + 1);
  answers.resolve();
  expect(await served).toContain('127.0.0.1');
  await Promise.all(waiting);
  newcomer.close();
});

test('calls that have ended do not count', async () => {
  watch = shareStreams({ connections: door.connections, streaming: new Set(), most: MOST });
  answers.resolve();
  for (let round = 0; round < 3; round += 1) {
    const calls = Array.from({ length: MOST }, () => caller.whoAmI());
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).not.toContain('rejected');
  }
});

async function until(number: () => number, wanted: number): Promise<void> {
  await expect.poll(number).toBe(wanted);
}

/** Calls on one new connection whose message never arrives, unless it is `whole`. */
async function openCalls(count: number, { whole = false, initialWindowSize = 65_535 } = {}) {
  const session = connect(`http://${address}`, { settings: { initialWindowSize } });
  session.on('error', () => {});
  sessions.push(session);
  // A ping is not sent before that.
  await once(session, 'connect');
  const headers = {
    ':method': 'POST',
    ':path': '/test.Door/WhoAmI',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const calls = Array.from({ length: count }, () =>
    session
      .request(headers, { endStream: false })
      .on('error', () => {})
      .on('response', () => {
        answered += 1;
      }),
  );
  if (whole) for (const call of calls) call.end(Buffer.alloc(5));
  // Once the server answers a ping sent after the calls, it has seen them.
  await new Promise<void>((resolve) => session.ping(() => resolve()));
  return calls;
}
