import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';

const CROWD = 300;

let proxy: RunningProxy;

beforeAll(async () => {
  proxy = await startProxy(['limits.max_in_flight=1', 'limits.max_queue=0']);
});

afterAll(() => proxy.stop());

async function opened(): Promise<Socket> {
  const [host = '', port = ''] = proxy.addresses.kmsJson.split(':');
  const socket = connect({ host, port: Number(port) });
  await once(socket, 'connect');
  return socket;
}

function call(socket: Socket): Promise<string> {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'TrentService.ReEncrypt',
    connection: 'close',
  };
  const body = {
    CiphertextBlob: Buffer.alloc(184, 1).toString('base64'),
    DestinationKeyId: 'alias/demo-destination',
  };
  return new Promise((resolve, reject) => {
    const sent = request({ method: 'POST', headers, createConnection: () => socket }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString()).__type));
    });
    sent.on('error', reject).end(JSON.stringify(body));
  });
}

test('when too many call by AWS’s protocol, each gets an answer and none is cut off', async () => {
  // As with SDKs, where each call has its own connection.
  const sockets = await Promise.all(Array.from({ length: CROWD }, opened));
  const told = await Promise.all(sockets.map(call));
  expect(told).toContain('ThrottlingException');
});
