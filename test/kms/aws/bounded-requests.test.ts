import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { boundRequests } from '../../../src/kms/aws/bounded-requests.ts';

const server = createServer((request, response) => {
  response.on('error', () => {});
  if (request.url === '/whole') {
    response.end('x'.repeat(1_000_000));
    return;
  }
  const pour = () => {
    while (response.write(Buffer.alloc(64 * 1024)));
  };
  response.on('drain', pour);
  pour();
});

beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function read(path: string): Promise<number> {
  const { port } = server.address() as AddressInfo;
  const request = get({ port, path });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  request.on('error', () => {});
  return (await buffer(response)).byteLength;
}

test.each(['/endless', '/whole'])('no more is read of %s than credentials have', async (path) => {
  await expect(boundRequests(read)(path)).rejects.toThrow('more than 262144 bytes');
});

test('what is not asked for credentials is read to its end', async () => {
  const bounded = boundRequests(read)('/endless').catch(() => 0);
  expect(await Promise.all([read('/whole'), bounded])).toEqual([1_000_000, 0]);
});
