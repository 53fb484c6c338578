import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type HttpAnswer, sendSigned } from '../../../../src/kms/aws/cli/signed-call.ts';
import { startRawServer } from '../../../helpers/raw-server.ts';

type Write = (socket: Socket) => void;

async function answeredBy(write: Write): Promise<HttpAnswer> {
  const server = await startRawServer(({ socket }) => write(socket));
  try {
    return await sendSigned({
      endpoint: server.url,
      operation: 'ReEncrypt',
      body: '{}',
      signing: undefined,
      tls: { verify: true, ca: undefined },
      connectTimeoutMs: 2000,
      readTimeoutMs: 2000,
      signal: AbortSignal.timeout(4000),
    });
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

function dripping(piece: string, first = ''): Write {
  return (socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(piece), 2);
    socket.once('close', () => clearInterval(timer));
  };
}
