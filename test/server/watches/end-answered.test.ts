import { once } from 'node:events';
import { connect, constants, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { endAnswered } from '../../../src/server/watches/end-answered.ts';

test('an answered stream that its caller holds open is ended, a call of another method is not', async () => {
  const connections = { owns: () => true };
  const watch = endAnswered({
    connections,
    streaming: new Set(['/stream']),
    large: new Set(['/other']),
    partMs: 20,
  });
  const server = createServer().on('stream', (stream) => {
    stream.resume();
    stream.respond();
    stream.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    watch.close();
    session.destroy();
    server.close();
  });
  const open = (path: string) => {
    const stream = session.request({ ':method': 'POST', ':path': path }).resume();
    stream.write('half');
    return stream;
  };
  const other = open('/other');
  await once(open('/stream'), 'close');
  // Before 24.21, Node.js never returns from ending a session inside of this event.
  await setImmediate();
  expect(other.closed).toBe(false);
});

test.each(['/stream', '/batch'])(
  'a call of %s whose caller does not read its end is cut off, one whose caller reads it slowly is not',
  async (path) => {
    const connections = { owns: () => true };
    const watch = endAnswered({
      connections,
      streaming: new Set(['/stream']),
      large: new Set(['/batch']),
      partMs: 20,
      takeMs: 200,
    });
    const server = createServer().on('stream', (stream, headers) => {
      stream.on('error', () => {});
      stream.resume();
      stream.respond();
      // As grpc-js does.
      if (headers[':path'] === '/stream') stream.end('ten letters');
      else stream.write('ten letters', () => stream.end());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const settings = { initialWindowSize: 5 };
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const session = connect(url, { settings });
    onTestFinished(() => {
      watch.close();
      session.destroy();
      server.close();
    });
    const open = () =>
      session
        .request({ ':method': 'POST', ':path': path })
        .on('error', () => {})
        .end();
    const [untaken, slow] = [open(), open()];
    await once(slow, 'response');
    setTimeout(() => slow.resume(), 50);
    await expect.poll(() => untaken.closed && slow.closed).toBe(true);
    expect([untaken.rstCode, slow.rstCode]).toEqual([constants.NGHTTP2_ENHANCE_YOUR_CALM, 0]);
  },
);
