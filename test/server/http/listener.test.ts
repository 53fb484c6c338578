import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { createHttpListener } from '../../../src/server/http/listener.ts';
import { until } from '../../helpers/until.ts';

const agents: Agent[] = [];

afterEach(() => {
  for (const agent of agents.splice(0)) agent.destroy();
});

/** A listener that answers whole requests after `ms`, and a keep-alive client. */
/** Answers after so many milliseconds, or once `wait` is resolved. */
async function start(wait: number | Promise<void>, most?: number) {
  let arrived = 0;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    request.resume().once('end', () => {
      arrived += 1;
      const answer = () => response.end('done');
      if (typeof wait === 'number') setTimeout(answer, wait);
      else void wait.then(answer);
    });
  };
  let refused = 0;
  const onRefused = () => {
    refused += 1;
  };
  const bounds = { ...(most !== undefined && { maxConnections: most }), onRefused };
  const listener = createHttpListener('127.0.0.1:0', answer, bounds);
  const address = await listener.listen();
  const agent = new Agent({ keepAlive: true });
  agents.push(agent);
  const ask = () =>
    new Promise<number>((resolve, reject) => {
      const request = get(`http://${address}/`, { agent }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0));
      });
      request.once('error', reject);
    });
  const underWay = (count = 1) => until(() => arrived >= count);
  return { listener, ask, address, underWay, refused: () => refused };
}

test('a second line of a header that may appear only once is not silently dropped', async () => {
  const listener = createHttpListener('127.0.0.1:0', ({ headers }, response) => {
    response.end(`${headers.host} / ${headers.authorization}`);
  });
  const [host = '', port] = (await listener.listen()).split(':');
  const socket = connect({ host, port: Number(port) });
  const lines = ['Host: a', 'Host: b', 'Authorization: c', 'Authorization: d', 'Connection: close'];
  socket.write(`GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  expect(await text(socket)).toMatch(/a, b \/ c, d/);
  await listener.drain(0);
});

describe('a draining HTTP door', () => {
  test('closes idle keep-alive connections', async () => {
    const { listener, ask } = await start(0);
    await ask();
    expect(await listener.drain(5_000)).toBe(0);
  });

  test('finishes a request and accepts no new one', async () => {
    const { listener, ask, underWay } = await start(300);
    const running = ask();
    await underWay();
    const drained = listener.drain(5_000);
    await expect(running).resolves.toBe(200);
    await expect(drained).resolves.toBe(0);
    await expect(ask()).rejects.toThrow(/ECONNREFUSED|ECONNRESET|hang up/);
  });

  test('cuts requests that do not end in time', async () => {
    const { listener, ask, underWay } = await start(60_000);
    const running = expect(ask()).rejects.toThrow(/socket hang up|ECONNRESET/);
    await underWay();
    expect(await listener.drain(20)).toBe(1);
    await running;
  });

  test.each(['before', 'while'])('cuts at once when hurried %s it drains', async (when) => {
    const { listener, ask, underWay } = await start(60_000);
    const running = expect(ask()).rejects.toThrow(/socket hang up|ECONNRESET/);
    await underWay();
    const hurry = new AbortController();
    if (when === 'before') hurry.abort();
    const drained = listener.drain(60_000, hurry.signal);
    hurry.abort();
    expect(await drained).toBe(1);
    await running;
  });
});

const REQUEST = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

test.each([
  ['say nothing', ''],
  ['send half a header', REQUEST.slice(0, -2)],
  ['have had their answers', REQUEST],
  [
    'send half a body',
    REQUEST.replace('GET', 'POST').replace('\r\n\r\n', '\r\ncontent-length: 9\r\n\r\n'),
  ],
])('an HTTP door stays open to others despite connections that %s', async (_what, said) => {
  const most = 4;
  const { listener, ask, address, refused } = await start(100, most);
  const { hostname, port } = new URL(`http://${address}`);
  const held = Array.from({ length: 3 * most }, () => {
    const socket = connect({ port: Number(port), host: hostname });
    return socket.on('error', () => {}).resume();
  });
  for (const socket of held) socket.write(said);
  await sleep(150);
  // Until they are answered, the door is full of requests and rightly turns others away.
  const isAnswered = ({ bytesRead, destroyed }: Socket) => bytesRead > 0 || destroyed;
  if (said === REQUEST) await until(() => held.every(isAnswered));
  const running = ask();
  await sleep(30);
  for (const socket of held.splice(most)) socket.destroy();
  expect(await Promise.all([running, ask(), ask()])).toEqual([200, 200, 200]);
  expect(refused()).toBeGreaterThanOrEqual(2 * most);
  for (const socket of held) socket.destroy();
  await listener.drain(0);
});

test('an HTTP door stays open to others despite connections that read no answer', async () => {
  const [most, large] = [4, Buffer.alloc(16 * 1024 * 1024)];
  const listener = createHttpListener(
    '127.0.0.1:0',
    ({ url }, response) => response.end(url === '/' ? 'done' : large),
    { maxConnections: most },
  );
  const { host, hostname, port } = new URL(`http://${await listener.listen()}`);
  const held: Socket[] = [];
  for (let n = 0; n < 3 * most; n += 1) {
    const socket = connect({ port: Number(port), host: hostname }).on('error', () => {});
    held.push(socket.pause());
    socket.write(REQUEST.replace(' / ', ' /large '));
    await sleep(20);
    const answer = await fetch(`http://${host}/`, { headers: { connection: 'close' } });
    expect(await answer.text()).toBe('done');
  }
  for (const socket of held) socket.destroy();
  await listener.drain(0);
});

test('connections that have ended take no place at an HTTP door', async () => {
  const { listener, ask, address, refused } = await start(0, 4);
  const { hostname, port } = new URL(`http://${address}`);
  for (let n = 0; n < 8; n += 1) {
    await once(connect(Number(port), hostname).resume().end(), 'close');
  }
  expect(await ask()).toBe(200);
  expect(refused()).toBe(0);
  await listener.drain(0);
});

test('an HTTP door full of waiting requests turns newcomers away, and counts it', async () => {
  const held = Promise.withResolvers<void>();
  const { listener, ask, underWay, refused } = await start(held.promise, 2);
  const running: Promise<number>[] = [];
  for (const count of [1, 2]) {
    running.push(ask());
    await underWay(count);
  }
  await expect(ask()).rejects.toThrow(/socket hang up|ECONNRESET/);
  expect(refused()).toBe(1);
  held.resolve();
  expect(await Promise.all(running)).toEqual([200, 200]);
  await listener.drain(0);
});

test.each([
  ['slowly', 50, ''],
  ['at once', 0, ''],
  // Without a listener for them, Node.js answers any number of these by itself.
  ['requests with expectations', 0, 'expect: the unexpected\r\n'],
])(
  'an HTTP door that answers %s takes a few pipelined requests at once, and stops reading from a peer that sends many',
  async (_how, ms, header) => {
    let asked = 0;
    let read = 0;
    const count = () => {
      read += 1;
    };
    const listener = createHttpListener('127.0.0.1:0', async (request, response) => {
      asked += 1;
      for await (const _ of request);
      if (ms > 0) await sleep(ms);
      response.end('done');
    });
    const { hostname, port } = new URL(`http://${await listener.listen()}`);
    const send = (requests: number) =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(port), hostname);
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk;
          if (text.split('done').length > requests) socket.end();
        });
        socket.once('error', () => {});
        socket.once('close', () => resolve(text));
        const head = `POST / HTTP/1.1\r\nhost: a\r\n${header}content-length: 2`;
        socket.write(`${head}\r\n\r\n{}`.repeat(requests));
      });
    expect((await send(3)).split('done').length - 1).toBe(3);
    asked = 0;
    subscribe('http.server.request.start', count);
    expect((await send(1_000)).split('done').length).toBeLessThan(10);
    unsubscribe('http.server.request.start', count);
    expect(asked).toBeLessThan(10);
    expect(read).toBeLessThan(10);
    await listener.drain(1_000);
  },
);
