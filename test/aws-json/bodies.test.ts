import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createBodies } from '../../src/aws-json/bodies.ts';

const HEAD = 'POST / HTTP/1.1\r\nhost: a\r\n';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Dials a server that answers a body with its length; `begun` are the requests that it reads. */
async function open(heldBytes?: number) {
  const readBody = createBodies(heldBytes);
  let begun = 0;
  server = createServer((request, response) => {
    begun += 1;
    readBody(request).then(
      (body) => response.end(`${body.length} bytes`),
      ({ code }) => response.end(code),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const say = (text: string): Socket => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    return socket.on('error', () => {});
  };
  return { say, begun: () => begun };
}

const body = (length: number, sent: number) =>
  `${HEAD}content-length: ${length}\r\n\r\n${'a'.repeat(sent)}`;

it('a body in countless pieces is cut off long before it is large', async () => {
  const { say } = await open();
  const socket = say(`${HEAD}transfer-encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(2000)}`);
  expect(String(await once(socket, 'data'))).toContain('RequestEntityTooLargeException');
});

it('a body in a thousand pieces is read', async () => {
  const { say } = await open();
  const socket = say(
    `${HEAD}transfer-encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(1000)}0\r\n\r\n`,
  );
  expect(String(await once(socket, 'data'))).toContain('1000 bytes');
});

it('where bodies that do not end hold too much together, the largest is cut off', async () => {
  const { say, begun } = await open(100_000);
  const small = say(body(2000, 1000));
  const large = say(body(80_000, 60_000));
  await expect.poll(begun).toBe(2);
  const last = say(body(80_000, 50_000));
  await once(large, 'close');
  small.write('a'.repeat(1000));
  last.write('a'.repeat(30_000));
  expect(String(await once(small, 'data'))).toContain('2000 bytes');
  expect(String(await once(last, 'data'))).toContain('80000 bytes');
});
