import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttpListener, type HttpListener } from '../../src/server/http/listener.ts';

const ANSWER = Buffer.alloc(16 * 1024 * 1024, 'a');

let listener: HttpListener;
let url: URL;

beforeAll(async () => {
  listener = createHttpListener('127.0.0.1:0', (_request, response) => response.end(ANSWER));
  url = new URL(`http://${await listener.listen()}`);
});

afterAll(() => listener.drain(0));

/** Milliseconds until the door closes the connection of a peer that sends this and reads nothing. */
function held(sent: string): Promise<number> {
  const from = performance.now();
  const socket = connect({ port: Number(url.port), host: url.hostname });
  if (sent !== '') socket.write(sent);
  if (sent.endsWith('\r\n\r\n')) socket.pause();
  else socket.resume();
  return new Promise((resolve) => {
    socket.on('error', () => {});
    socket.once('close', () => resolve(performance.now() - from));
    // A paused socket notices the end only when it reads.
    void sleep(25_000).then(() => socket.resume());
  });
}

test.each([
  ['sends half a header', 'GET / HT', 8_000],
  ['sends nothing', '', 8_000],
  ['does not read its answer', 'GET / HTTP/1.1\r\nhost: a\r\n\r\n', 28_000],
])(
  'a peer that %s does not hold a connection for long',
  async (_, sent, limitMs) => {
    const closed = await Promise.race([held(sent), sleep(limitMs + 5_000, Number.NaN)]);
    expect(closed).toBeLessThan(limitMs);
  },
  40_000,
);
