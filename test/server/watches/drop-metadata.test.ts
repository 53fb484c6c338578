import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { dropMetadata } from '../../../src/server/watches/drop-metadata.ts';
import {
  CALL_HEADERS,
  callHeaders,
  FLAG,
  frame,
  header,
  PREFACE,
  SETTINGS,
  TYPE,
} from '../../faults/attack/frames.ts';

/** What is left of the headers of a call. */
async function left(...blocks: readonly Buffer[]): Promise<IncomingHttpHeaders> {
  const watch = dropMetadata();
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => {
    watch.close();
    socket.destroy();
    server.close();
  });
  const begin = frame(TYPE.headers, FLAG.endHeaders, 1, Buffer.concat(blocks));
  socket.write(Buffer.concat([PREFACE, SETTINGS, begin]));
  const [stream, headers] = await once(server, 'stream');
  stream.on('error', () => {});
  return Object.fromEntries(Object.entries(headers));
}

test('what is read of a call’s metadata is kept', async () => {
  const read = {
    authorization: `Bearer ${'a'.repeat(8000)}`,
    'grpc-timeout': '5S',
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    'user-agent': 'grpc-go/1.70.0',
  };
  expect(await left(callHeaders(read))).toEqual({ ...CALL_HEADERS, ...read });
});

test('what nobody reads is dropped, and so are text that is none and headers sent over and over', async () => {
  const unread = { 'x-bin': ',,,', 'x!y': 'a', 'x-tenant': 'a', traceparent: 'a\x80' };
  const again = Array.from({ length: 15 }, () => header('grpc-encoding', 'a'.repeat(100)));
  expect(await left(callHeaders(unread), ...again)).toEqual(CALL_HEADERS);
});

test('a token that is not text stays one that is wrong', async () => {
  expect(await left(callHeaders({ authorization: 'Bearer a\x80' }))).toEqual({
    ...CALL_HEADERS,
    authorization: 'not text',
  });
});
