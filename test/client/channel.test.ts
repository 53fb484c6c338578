import { once } from 'node:events';
import { constants, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/create-client.ts';

/** A gRPC answer: a message with a ciphertext of one byte, and OK. */
function answer(stream: ServerHttp2Stream): void {
  stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.from([0, 0, 0, 0, 3, 0x0a, 1, 0x78]));
}

test('a call refused by a connection that is ending uses the next one', async () => {
  let streams = 0;
  const server = createServer().on('stream', (stream) => {
    streams += 1;
    stream.on('error', () => undefined);
    if (streams === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else answer(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = createClient({ target: `127.0.0.1:${port}` });
  await expect(client.reEncrypt({})).resolves.toMatchObject({ keyId: '' });
  expect(streams).toBe(2);
  client.close();
  server.close();
});
