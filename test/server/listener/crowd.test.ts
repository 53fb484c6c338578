import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { Socket } from 'node:net';
import { beforeEach, expect, test, vi } from 'vitest';
import { createCrowd } from '../../../src/server/listener/crowd.ts';
import { noOpenCalls, type OpenCalls } from '../../../src/server/listener/open-calls.ts';

let crowd: ReturnType<typeof createCrowd>;

beforeEach(() => {
  crowd = createCrowd();
});

interface Joining {
  readonly peer?: string;
  readonly certificate?: Buffer;
  readonly latestAt: number;
}

function join({ latestAt, ...who }: Joining): { socket: Socket; calls: OpenCalls } {
  const socket = new Socket();
  const calls = Object.assign(noOpenCalls(), { latestAt });
  const arrival = { peer: '10.0.0.1:1', socketIdentity: '', authorization: '', accessKeyId: '' };
  crowd.joined(socket, { ...arrival, ...who }, calls);
  return { socket, calls };
}

interface Is {
  readonly whole: boolean;
  readonly answered: boolean;
  readonly streams?: boolean;
  readonly ended?: boolean;
}

function call(own: OpenCalls, { whole, answered, streams = false, ended = false }: Is): void {
  const said = { readableEnded: whole, headersSent: answered, writableEnded: ended };
  own.put({ stream: said as ServerHttp2Stream, at: 0, own, streams, place: 0 });
}

test('the connection whose latest call is longest ago goes first, and each only once', () => {
  const [young, old] = [join({ latestAt: 2 }), join({ latestAt: 1 })];
  expect(crowd.cutOne()).toBe(true);
  expect([young.socket.destroyed, old.socket.destroyed]).toEqual([false, true]);
  expect(crowd.cutOne()).toBe(true);
  expect(young.socket.destroyed).toBe(true);
  expect(crowd.cutOne()).toBe(false);
});

test('a connection that takes nothing, not even that it has to go, is cut soon, and only once', () => {
  vi.useFakeTimers();
  const { socket, calls } = join({ latestAt: 1 });
  const session = { destroyed: false, destroy: () => Object.assign(session, { destroyed: true }) };
  calls.session = session as unknown as ServerHttp2Session;
  expect(crowd.cutOne()).toBe(true);
  expect(crowd.cutOne()).toBe(false);
  vi.advanceTimersByTime(100);
  vi.useRealTimers();
  expect(socket.destroyed).toBe(true);
});

test.each([
  ['waits for its answer', { whole: true, answered: false }],
  ['is a stream', { whole: false, answered: true, streams: true }],
])('a connection with a call that %s stays', (_, is) => {
  const { socket, calls } = join({ latestAt: 1 });
  call(calls, is);
  expect(crowd.cutOne()).toBe(false);
  expect(socket.destroyed).toBe(false);
});

test.each([
  ['is not sent whole', { whole: false, answered: false }],
  ['goes on after its answer has begun, such as a watch', { whole: true, answered: true }],
  [
    'is a stream that got no place and that its caller holds open',
    { whole: false, answered: true, streams: true, ended: true },
  ],
])('a connection with a call that %s does not', (_, is) => {
  call(join({ latestAt: 1 }).calls, is);
  expect(crowd.cutOne()).toBe(true);
});

test.each([
  [
    'certificate',
    { certificate: Buffer.from('one') },
    { certificate: Buffer.from('other'), peer: '10.0.0.1:2' },
  ],
  ['address', { peer: '10.0.0.1:7' }, { peer: '10.0.0.2:7' }],
])('the caller with most connections, by %s, gives one up', (_, quiet, many) => {
  const one = join({ ...quiet, latestAt: 1 });
  const others = [4, 3, 5].map((latestAt) => join({ ...many, latestAt }));
  crowd.cutOne();
  expect(one.socket.destroyed).toBe(false);
  expect(others.map(({ socket }) => socket.destroyed)).toEqual([false, true, false]);
});

test('connections that have ended no longer count', async () => {
  const gone = [1, 2].map((latestAt) => join({ peer: '10.0.0.2:7', latestAt }).socket);
  const one = join({ latestAt: 1 });
  for (const socket of gone) await new Promise((closed) => socket.destroy().once('close', closed));
  expect(crowd.cutOne()).toBe(true);
  expect(one.socket.destroyed).toBe(true);
});
