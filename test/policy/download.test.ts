import { expect, onTestFinished, test } from 'vitest';
import { download } from '../../src/policy/sources/download.ts';
import { startRawServer } from '../helpers/raw-server.ts';

/** Downloads from a service that answers with these bytes; by default it has much more time than it needs. */
async function downloadOf(answer: string, ms = 30_000) {
  const { url, close } = await startRawServer(({ socket }) => socket.write(answer));
  onTestFinished(close);
  const signal = AbortSignal.timeout(ms);
  return download({ url: url.href, name: 'the name', headers: {}, maxBytes: 5, signal });
}

const INTERIM = 'HTTP/1.1 103 Early Hints\r\n\r\n';

test('a service that does not answer in time is named in plain words', async () => {
  await expect(downloadOf('', 50)).rejects.toThrow(
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
