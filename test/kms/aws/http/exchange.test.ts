import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createExchange,
  EXCHANGE_LIMITS,
  type Exchange,
  type ExchangeLimits,
} from '../../../../src/kms/aws/http/exchange.ts';
import { type RawRequest, type RawServer, startRawServer } from '../../../helpers/raw-server.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function serve(...args: Parameters<typeof startRawServer>): Promise<RawServer> {
  const server = await startRawServer(...args);
  open.push(server);
  return server;
}

function exchangeWith({ url }: { url: URL }, limits: Partial<ExchangeLimits> = {}): Exchange {
  const exchange = createExchange(url, { ...EXCHANGE_LIMITS, ...limits });
  open.unshift(exchange);
  return exchange;
}

const never = new AbortController().signal;
const post = ({ post }: Exchange, body: string, signal = never) =>
  post({ headers: `host: kms\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`, body, signal });
const bodyOf = ({ text }: RawRequest) => text.slice(text.indexOf('\r\n\r\n') + 4);
const http = (body: string, headers = '') =>
  `HTTP/1.1 200 OK\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const echo = (request: RawRequest) => request.socket.write(http(bodyOf(request)));
const closed = (socket: Socket | undefined) =>
  new Promise((resolve) => (socket?.closed ? resolve(0) : socket?.once('close', resolve)));

/** A server that answers a request when told to; requests are named by their bodies. */
async function serveOnDemand() {
  const asked = new Map<string, RawRequest>();
  const order: string[] = [];
  const server = await serve((request) => {
    asked.set(bodyOf(request), request);
    order.push(bodyOf(request));
  });
  const until = async (body: string) => {
    await expect.poll(() => asked.has(body), { interval: 1 }).toBe(true);
    return asked.get(body) ?? expect.fail();
  };
  return { ...server, order, until, answer: async (body: string) => void echo(await until(body)) };
}

describe('a request', () => {
  it('is sent exactly as given, with its body', async () => {
    const seen: string[] = [];
    const server = await serve((request) => {
      seen.push(request.text);
      echo(request);
    });
    const { body } = await post(exchangeWith(server), '{"ä":"\u{1f511}"}');
    expect(body).toBe('{"ä":"\u{1f511}"}');
    expect(seen).toEqual([
      'POST / HTTP/1.1\r\nuser-agent: kms-reencrypt-proxy\r\nhost: kms\r\ncontent-length: 13\r\n\r\n{"ä":"\u{1f511}"}',
    ]);
  });

  it('of any size gets its answer of any size', async () => {
    const exchange = exchangeWith(await serve(echo));
    for (const size of [0, 1, 4000, 4096, 5000, 70_000, 131_072]) {
      const body = 'ä'.repeat(size / 2);
      expect((await post(exchange, body)).body).toBe(body);
    }
  });
});

/** A connection that has answered is reused only after a turn of the event loop. */
async function rested(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
}

describe('connections', () => {
  it('are kept, and the one freed last is reused first', async () => {
    const server = await serveOnDemand();
    const exchange = exchangeWith(server);
    const first = new Map(['a', 'b', 'c'].map((body) => [body, post(exchange, body)]));
    for (const body of ['c', 'a', 'b']) {
      await server.answer(body);
      await first.get(body);
    }
    await rested();
    const last = (await server.until('b')).connection;
    for (const body of ['d', 'e', 'f']) {
      const posted = post(exchange, body);
      await server.answer(body);
      await posted;
      await rested();
      expect((await server.until(body)).connection).toBe(last);
    }
    expect(server.sockets).toHaveLength(3);
  });

  it('are no more than allowed, and waiting requests go in order of arrival', async () => {
    const server = await serveOnDemand();
    const exchange = exchangeWith(server, { connections: 2 });
    const bodies = ['a', 'b', 'c', 'd', 'e', 'f'];
    const posted = bodies.map((body) => post(exchange, body));
    for (const body of bodies) await server.answer(body);
    expect((await Promise.all(posted)).map(({ body }) => body)).toEqual(bodies);
    expect(server.order.slice(2)).toEqual(bodies.slice(2));
    expect(server.sockets).toHaveLength(2);
  });

  it('carry 2,000 requests of 64 callers, each with its own answer', async () => {
    const server = await serve((request) => setTimeout(echo, Math.random() * 2, request));
    const exchange = exchangeWith(server, { connections: 16 });
    let next = 0;
    const caller = async () => {
      while (next < 2000) {
        const body = `${next++}`;
        expect((await post(exchange, body)).body).toBe(body);
      }
    };
    await Promise.all(Array.from({ length: 64 }, caller));
    expect(server.sockets).toHaveLength(16);
  });

  it.each([
    ['connection: close', http('', 'connection: close\r\n')],
    ['keep-alive: timeout=1', http('', 'keep-alive: timeout=1\r\n')],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ])('are not reused after %s', async (_, answer) => {
    const server = await serve(({ socket }) => socket.write(answer));
    const exchange = exchangeWith(server);
    for (let call = 0; call < 3; call += 1) await post(exchange, '');
    await Promise.all(server.sockets.map(closed));
    expect(server.sockets).toHaveLength(3);
  });

  it('are closed after their idle time, and not reused once it is over', async () => {
    const server = await serve(echo);
    const exchange = exchangeWith(server, { idleMs: 30, sweepMs: 5 });
    await post(exchange, '');
    await closed(server.sockets[0]);
    const lazy = exchangeWith(server, { idleMs: 30, sweepMs: 60_000 });
    await post(lazy, '');
    await sleep(40);
    await post(lazy, '');
    expect(server.sockets).toHaveLength(3);
    await closed(server.sockets[1]);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['ended', (socket) => socket.end()],
    ['reset', (socket) => socket.resetAndDestroy()],
    ['spoken to', (socket) => socket.write(http('unasked'))],
    ['sent one byte', (socket) => socket.write('\n')],
  ])('are not reused once they were %s while idle', async (_, spoil) => {
    const server = await serve(echo);
    const exchange = exchangeWith(server);
    for (let call = 0; call < 5; call += 1) {
      expect((await post(exchange, `${call}`)).body).toBe(`${call}`);
      spoil(server.sockets[call] ?? expect.fail());
      await closed(server.sockets[call]);
      // Our end notices some turns of the event loop later, and later still on a busy machine.
      await sleep(25);
    }
    expect(server.sockets).toHaveLength(5);
  });

  it('that bring a second answer right after the first give it to no waiting request', async () => {
    const server = await serveOnDemand();
    const exchange = exchangeWith(server, { connections: 1 });
    const first = post(exchange, 'a');
    const next = post(exchange, 'b');
    const { socket } = await server.until('a');
    const second = first.then(() => socket.write(http('a, once more')));
    await server.answer('a');
    await second;
    await server.answer('b');
    expect((await next).body).toBe('b');
    expect(server.sockets).toHaveLength(2);
  });

  it('that answer before the whole request is written are not reused', async () => {
    const server = await serve(() => {}, {
      onConnection: (socket) => socket.pause().write(http('early')),
    });
    const exchange = exchangeWith(server);
    const large = 'x'.repeat(16 * 1024 * 1024);
    expect((await post(exchange, large)).body).toBe('early');
    await closed(server.sockets[0]?.resume());
    expect(server.sockets).toHaveLength(1);
  });
});

describe('a caller that leaves', () => {
  const left = new Error('left');

  it.each([
    ['before the answer', ''],
    ['in its head', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['in its body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nlate'],
  ])('%s closes its connection, and nobody gets its late answer', async (_, part) => {
    const server = await serveOnDemand();
    const exchange = exchangeWith(server);
    const leaving = new AbortController();
    const posted = post(exchange, 'a', leaving.signal).catch((error: unknown) => error);
    const { socket } = await server.until('a');
    socket.write(part);
    await sleep(5);
    leaving.abort(left);
    expect(await posted).toBe(left);
    socket.write(http('late'));
    const next = post(exchange, 'b');
    await server.answer('b');
    expect((await next).body).toBe('b');
    await closed(socket);
  });

  it('while its request is written closes its connection', async () => {
    const server = await serve(echo, { onConnection: (socket) => socket.pause() });
    const leaving = new AbortController();
    const large = 'x'.repeat(16 * 1024 * 1024);
    const posted = post(exchangeWith(server), large, leaving.signal).catch((error) => error);
    await expect.poll(() => server.sockets.length).toBe(1);
    await sleep(5);
    leaving.abort(left);
    expect(await posted).toBe(left);
    await closed(server.sockets[0]?.resume());
  });

  it('while it waits for a connection leaves the queue', async () => {
    const server = await serveOnDemand();
    const exchange = exchangeWith(server, { connections: 1 });
    const leaving = new AbortController();
    const first = post(exchange, 'a');
    const second = post(exchange, 'b', leaving.signal).catch((error: unknown) => error);
    const third = post(exchange, 'c');
    await server.until('a');
    leaving.abort(left);
    expect(await second).toBe(left);
    for (const body of ['a', 'c']) await server.answer(body);
    expect([(await first).body, (await third).body]).toEqual(['a', 'c']);
    expect(server.order).toEqual(['a', 'c']);
    expect(server.sockets).toHaveLength(1);
  });

  it('while its connection is opened leaves it to the next request', async () => {
    const server = await serveOnDemand();
    const exchange = exchangeWith(server);
    const leaving = new AbortController();
    const posted = post(exchange, 'a', leaving.signal).catch((error: unknown) => error);
    leaving.abort(left);
    expect(await posted).toBe(left);
    await expect.poll(() => server.sockets.length).toBe(1);
    await sleep(5);
    const next = post(exchange, 'b');
    await server.answer('b');
    expect((await next).body).toBe('b');
    expect(server.order).toEqual(['b']);
    expect(server.sockets).toHaveLength(1);
  });

  it('before asking causes no request', async () => {
    const server = await serve(echo);
    await expect(post(exchangeWith(server), 'a', AbortSignal.abort(left))).rejects.toBe(left);
    expect(server.sockets).toHaveLength(0);
  });
});

describe('a fault', () => {
  it.each<[string, string, (socket: Socket) => void]>([
    ['ECONNRESET', 'an end', (socket) => socket.end()],
    ['ECONNRESET', 'a reset', (socket) => socket.resetAndDestroy()],
    ['ECONNRESET', 'an end in the head', (socket) => socket.end('HTTP/1.1 200 OK\r\n')],
    ['ECONNRESET', 'an end in the body', (socket) => socket.end(http('{}').slice(0, -1))],
    ['MalformedAnswer', 'two answers', (socket) => socket.write(http('1') + http('2'))],
    ['MalformedAnswer', 'non-HTTP bytes', (socket) => socket.write('hello\r\n\r\n')],
  ])('has the code %s for %s, and ends the connection', async (code, _, spoil) => {
    const server = await serve((request) =>
      request.connection === 0 ? spoil(request.socket) : echo(request),
    );
    const exchange = exchangeWith(server);
    await expect(post(exchange, 'a')).rejects.toMatchObject({ code, httpStatus: 0 });
    await closed(server.sockets[0]);
    expect((await post(exchange, 'b')).body).toBe('b');
  });

  it('has the code ECONNREFUSED if nothing listens', async () => {
    const server = await startRawServer(echo);
    const exchange = exchangeWith(server);
    await server.close();
    const refused = Array.from({ length: 3 }, () => post(exchange, 'a'));
    for (const posted of refused) {
      await expect(posted).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    }
  });

  it('has the code ETIMEDOUT if no connection is made in time', async () => {
    const silent = await serve(echo);
    const url = new URL(silent.url.href.replace('http:', 'https:'));
    const exchange = exchangeWith({ url }, { connectMs: 50 });
    await expect(post(exchange, 'a')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await closed(silent.sockets[0]);
  });

  it('has the code TimeoutError if the answer is not complete in time', async () => {
    const server = await serve(({ socket }) => socket.write(http('slow').slice(0, -1)));
    const exchange = exchangeWith(server, { requestMs: 50, sweepMs: 5, connections: 1 });
    const posted = ['a', 'waits for a'].map((body) => post(exchange, body));
    for (const one of posted) await expect(one).rejects.toMatchObject({ code: 'TimeoutError' });
    await closed(server.sockets[0]);
  });

  it('on one connection fails only its own request, and none that waits', async () => {
    const server = await serve((request) =>
      bodyOf(request) === 'bad' ? request.socket.resetAndDestroy() : echo(request),
    );
    const exchange = exchangeWith(server, { connections: 1 });
    const posted = ['bad', 'good', 'bad', 'good'].map((body) => post(exchange, body));
    const settled = await Promise.allSettled(posted);
    expect(settled.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(server.sockets).toHaveLength(3);
  });
});

it('once closed, rejects requests under way, waiting and new', async () => {
  const server = await serveOnDemand();
  const exchange = exchangeWith(server, { connections: 1 });
  const posted = [post(exchange, 'a'), post(exchange, 'b')];
  await server.until('a');
  exchange.close();
  for (const one of [...posted, post(exchange, 'c')]) {
    await expect(one).rejects.toMatchObject({ code: 'ECONNABORTED' });
  }
  await closed(server.sockets[0]);
  expect(server.order).toEqual(['a']);
});
