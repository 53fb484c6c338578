import { once } from 'node:events';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createPlainServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type HttpAnswer,
  type SignedCall,
  sendSigned,
} from '../../../../src/kms/aws/cli/signed-call.ts';
import { createAuthority } from '../../../helpers/certificates.ts';
import { startRawServer } from '../../../helpers/raw-server.ts';

type Write = (socket: Socket) => void;

function send(
  endpoint: URL,
  tls: Partial<SignedCall['tls']> = {},
  readTimeoutMs = 2000,
  signal = AbortSignal.timeout(4000),
): Promise<HttpAnswer> {
  return sendSigned({
    endpoint,
    operation: 'ReEncrypt',
    body: '{}',
    signing: undefined,
    tls: { verify: true, ca: undefined, ...tls },
    connectTimeoutMs: 2000,
    readTimeoutMs,
    signal,
  });
}

async function answeredBy(write: Write): Promise<HttpAnswer> {
  const server = await startRawServer(({ socket }) => write(socket));
  try {
    return await send(server.url);
  } finally {
    await server.close();
  }
}

const text =
  (...lines: readonly string[]): Write =>
  (socket) =>
    socket.write(lines.join('\r\n'));

const OK = ['HTTP/1.1 200 OK', 'content-length: 2', '', '{}'];

describe('an endpoint’s answer', () => {
  test.each<readonly [string, Write]>([
    ['comes whole', text(...OK)],
    ['comes after interim ones', text('HTTP/1.1 100 Continue', '', '', ...OK)],
    [
      'comes in chunks',
      text('HTTP/1.1 200 OK', 'transfer-encoding: chunked', '', '2;a=b', '{}', '0', '', ''),
    ],
  ])('that %s is accepted', async (_, write) => {
    const { status, body } = await answeredBy(write);
    expect([status, body.toString()]).toEqual([200, '{}']);
  });

  test.each<readonly [string, Write]>([
    [
      'changes the protocol',
      text('HTTP/1.1 101 Switching Protocols', 'connection: upgrade', 'upgrade: x', '', ''),
    ],
    ['says so without a protocol', text('HTTP/1.1 101 Switching Protocols', '', '')],
    ['is only interim answers', dripping('HTTP/1.1 103 Early Hints\r\n\r\n')],
    ['has an endless body', dripping('a'.repeat(65_536), 'HTTP/1.1 200 OK\r\n\r\n')],
    ['has an endless head', dripping('a'.repeat(4096), 'HTTP/1.1 200 OK\r\nx: ')],
    ['has two lengths', text('HTTP/1.1 200 OK', 'content-length: 3', ...OK.slice(1))],
    ['has a wrong chunk', text('HTTP/1.1 200 OK', 'transfer-encoding: chunked', '', 'x', '')],
  ])('that %s is given up at once', async (_, write) => {
    await expect(answeredBy(write)).rejects.toMatchObject({ name: 'NoAnswer', kind: 'closed' });
  });
});

test('an answer that drips is given up after twice the read timeout', async () => {
  const drips = dripping('a', 'HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n', 40);
  const server = await startRawServer(({ socket }) => drips(socket));
  const started = performance.now();
  await expect(send(server.url, {}, 200)).rejects.toMatchObject({ kind: 'read-timeout' });
  expect(performance.now() - started).toBeGreaterThan(390);
  await server.close();
});

test('no answer says how there was none', async () => {
  const plain = createPlainServer((socket) => socket.end('HTTP/1.1 400 No\r\n\r\n'));
  await once(plain.listen(0, '127.0.0.1'), 'listening');
  const silent = await startRawServer(() => {});
  const nobody = new URL('http://127.0.0.1:1/');
  const secure = new URL(`https://127.0.0.1:${(plain.address() as AddressInfo).port}/`);
  await expect(send(nobody)).rejects.toMatchObject({ name: 'NoAnswer', kind: 'refused' });
  await expect(send(secure)).rejects.toMatchObject({ name: 'NoAnswer', kind: 'tls' });
  await expect(send(silent.url, {}, 20)).rejects.toMatchObject({ kind: 'read-timeout' });
  const given = new Error('given up');
  await expect(send(silent.url, {}, 0, AbortSignal.abort(given))).rejects.toBe(given);
  plain.close();
  await silent.close();
});

describe('an endpoint’s certificate', () => {
  const authority = createAuthority();
  const ca = Buffer.from(authority.cert);
  const kms = createServer(authority.issue({ dns: ['localhost'] }), (_, response) =>
    response.end('{}'),
  );
  let url: URL;
  beforeAll(async () => {
    await once(kms.listen(0, '127.0.0.1'), 'listening');
    url = new URL(`https://localhost:${(kms.address() as AddressInfo).port}`);
  });
  afterAll(() => kms.close());

  test('must be of an authority that is trusted', async () => {
    await expect(send(url)).rejects.toMatchObject({ name: 'NoAnswer', kind: 'tls' });
    const other = Buffer.from(createAuthority().cert);
    await expect(send(url, { ca: other })).rejects.toMatchObject({ kind: 'tls' });
    expect((await send(url, { ca })).status).toBe(200);
  });

  test('must be for its host', async () => {
    const elsewhere = new URL(url);
    elsewhere.hostname = '127.0.0.1';
    await expect(send(elsewhere, { ca })).rejects.toMatchObject({ kind: 'tls' });
  });

  test('may be any where it is not to be verified', async () => {
    expect((await send(url, { verify: false })).status).toBe(200);
  });
});

function dripping(piece: string, first = '', everyMs = 2): Write {
  return (socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(piece), everyMs);
    socket.once('close', () => clearInterval(timer));
  };
}
