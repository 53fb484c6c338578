import { expect, onTestFinished, test } from 'vitest';
import { download } from '../../../src/policy/sources/download.ts';
import { startRawServer } from '../../helpers/raw-server.ts';

/** Downloads from a service that answers with these bytes; by default it has much more time than it needs. */
async function downloadOf(answer: string, { ms = 30_000, maxBytes = 5 } = {}) {
  const { url, close } = await startRawServer(({ socket }) => socket.write(answer));
  onTestFinished(close);
  const signal = AbortSignal.timeout(ms);
  return download({ url: url.href, name: 'the name', headers: {}, maxBytes, signal });
}

const INTERIM = 'HTTP/1.1 103 Early Hints\r\n\r\n';

test('a service that does not answer in time is named in plain words', async () => {
  await expect(downloadOf('', { ms: 50 })).rejects.toThrow(
    'the bundle service at the name cannot be asked: no whole answer in time',
  );
});

test('ten interim answers may come before the one that counts', async () => {
  const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole';
  const { status, body } = await downloadOf(`${INTERIM.repeat(10)}${whole}`);
  expect([status, body.toString()]).toEqual([200, 'whole']);
});

test('a service that sends interim answers without end is left at once', async () => {
  await expect(downloadOf(INTERIM.repeat(11))).rejects.toThrow(
    'the bundle service sends more than 10 interim answers and no other',
  );
});

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

test('a bundle that comes a byte at a time is left, and one in small pieces is read', async () => {
  const maxBytes = 16 * 1024 * 1024;
  const bytewise = `${CHUNKED}${'1\r\nx\r\n'.repeat(11_000)}`;
  await expect(downloadOf(bytewise, { maxBytes })).rejects.toThrow(
    'the bundle service sends a few bytes at a time',
  );
  const small = `${CHUNKED}${`200\r\n${'x'.repeat(512)}\r\n`.repeat(11_000)}0\r\n\r\n`;
  expect((await downloadOf(small, { maxBytes })).body).toHaveLength(11_000 * 512);
});

test('a bundle is left once it is too large, and refused where it is cut short', async () => {
  await expect(downloadOf(`${CHUNKED}6\r\nlarger\r\n`)).rejects.toThrow(
    'the bundle service sends more than 5 bytes',
  );
  const cut = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwho';
  await expect(downloadOf(cut, { ms: 100 })).rejects.toThrow('no whole answer in time');
});
