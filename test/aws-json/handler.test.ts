import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JsonFault } from '../../src/aws-json/fault.ts';
import { createAwsJsonHandler } from '../../src/aws-json/handler.ts';
import type { AwsRequest } from '../../src/aws-json/read-request.ts';

const internal: unknown[] = [];
const aborted = Promise.withResolvers<void>();

const ANSWERS: Readonly<Record<string, (request: AwsRequest) => unknown>> = {
  Echo: (request) => ({ got: request.json(), peer: request.peer }),
  Nothing: () => ({}),
  Fault: () => {
    throw new JsonFault('NotFoundException', 'not here');
  },
  Denied: () => {
    throw new JsonFault('AccessDeniedException', 'not you');
  },
  Wordless: () => {
    throw new JsonFault('InvalidCiphertextException');
  },
  Crash: () => {
    throw new Error('a secret cause');
  },
  Slow: ({ signal }) => {
    signal.addEventListener('abort', () => aborted.resolve());
    return new Promise(() => {});
  },
};

const server = createServer(
  createAwsJsonHandler({
    answer: (request) => ANSWERS[request.operation]?.(request),
    onInternal: (_id, cause) => internal.push(cause),
  }),
);
let port = 0;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const TYPE = { 'content-type': 'application/x-amz-json-1.1' };

async function post(operation: string, body: string | Uint8Array<ArrayBuffer>, headers = {}) {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: { ...TYPE, 'x-amz-target': `TrentService.${operation}`, ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

describe('what is answered', () => {
  it('members as JSON 1.1, with a request id', async () => {
    const { status, headers, text } = await post('Echo', '{"a":[1,"ä"]}');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-amz-json-1.1');
    expect(headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(text)).toEqual({
      got: { a: [1, 'ä'] },
      peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
  });

  it('an operation without an answer has an empty body', async () => {
    expect(await post('Nothing', '{}')).toMatchObject({ status: 200, text: '' });
  });

  it('a fault has its name in __type, and a message only where it has one', async () => {
    const told = await post('Fault', '{}');
    expect(told.status).toBe(400);
    expect(JSON.parse(told.text)).toEqual({ __type: 'NotFoundException', message: 'not here' });
    const denied = await post('Denied', '{}');
    expect(JSON.parse(denied.text)).toEqual({
      __type: 'AccessDeniedException',
      Message: 'not you',
    });
    const wordless = await post('Wordless', '{}');
    expect(JSON.parse(wordless.text)).toEqual({ __type: 'InvalidCiphertextException' });
  });

  it('what nobody foresaw is one fixed sentence; its cause goes to the log alone', async () => {
    const { status, text } = await post('Crash', '{}');
    expect(status).toBe(500);
    expect(JSON.parse(text).__type).toBe('KMSInternalException');
    expect(text).not.toContain('secret');
    expect(internal).toEqual([new Error('a secret cause')]);
  });

  it('a caller that goes away aborts its request', async () => {
    const socket = connect(port, '127.0.0.1');
    const head = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n';
    socket.write(
      `${head}content-type: ${TYPE['content-type']}\r\nx-amz-target: TrentService.Slow\r\n\r\n{}`,
    );
    setTimeout(() => socket.destroy(), 50);
    await aborted.promise;
  });
});

describe('a body that does not come whole', () => {
  it('is the caller’s doing, and fills no log', async () => {
    const before = internal.length;
    const socket = connect(port, '127.0.0.1');
    const head = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n';
    socket.write(
      `${head}content-type: ${TYPE['content-type']}\r\nx-amz-target: TrentService.Echo\r\n\r\nab`,
    );
    await sleep(50);
    socket.destroy();
    await sleep(50);
    expect(internal.length).toBe(before);
  });
});

describe('what is not a request to this service', () => {
  it.each([
    ['no target', { 'x-amz-target': '' }],
    ['another service', { 'x-amz-target': 'DynamoDB_20120810.GetItem' }],
    ['a target without an operation', { 'x-amz-target': 'TrentService.' }],
    ['a target with too many parts', { 'x-amz-target': 'TrentService.A.B' }],
  ])('%s is UnknownOperationException', async (_name, headers) => {
    const { status, text } = await post('Echo', '{}', headers);
    expect([status, text]).toEqual([400, '{"__type":"UnknownOperationException"}']);
  });

  it('another method, path or content type is UnknownOperationException', async () => {
    const url = `http://127.0.0.1:${port}`;
    const target = { 'x-amz-target': 'TrentService.Echo' };
    const requests = [
      fetch(`${url}/`, { headers: { ...TYPE, ...target } }),
      fetch(`${url}/other`, { method: 'POST', headers: { ...TYPE, ...target }, body: '{}' }),
      fetch(`${url}/`, { method: 'POST', headers: target, body: '{}' }),
    ];
    for (const response of await Promise.all(requests)) {
      expect(response.status).toBe(404);
      expect(await response.text()).toBe('{"__type":"UnknownOperationException"}');
    }
  });

  it('a page in a browser, which says where it is from, is UnknownOperationException', async () => {
    const answer = await post('Echo', '{}', { origin: 'http://rebound.example' });
    expect([answer.status, answer.text]).toEqual([404, '{"__type":"UnknownOperationException"}']);
  });

  it.each([
    ['no body', ''],
    ['half a body', '{"a":'],
    ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ['brackets without end', '['.repeat(200_000)],
  ])('%s is SerializationException', async (_name, body) => {
    const { status, text } = await post('Echo', body);
    expect(status).toBe(400);
    expect(JSON.parse(text).__type).toBe('SerializationException');
  });

  it('a body of more values than any operation has is SerializationException', async () => {
    const list = (values: number) => `[${'0,'.repeat(values - 1)}0]`;
    expect((await post('Echo', list(10_000))).status).toBe(200);
    for (const body of [list(10_001), '['.repeat(10_001), '[{}'.repeat(5001)]) {
      const { status, text } = await post('Echo', body);
      expect([status, JSON.parse(text)]).toEqual([
        400,
        { __type: 'SerializationException', Message: 'The request has more than 10000 values.' },
      ]);
    }
  });

  it('a body of more than 256 KiB is refused, declared or not', async () => {
    const declared = await post('Echo', `"${'a'.repeat(256 * 1024)}"`);
    expect([declared.status, JSON.parse(declared.text).__type]).toEqual([
      413,
      'RequestEntityTooLargeException',
    ]);
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024).fill(0x20)),
    });
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { ...TYPE, 'x-amz-target': 'TrentService.Echo' },
      body: stream,
      duplex: 'half',
    } as RequestInit).catch(() => undefined);
    expect(response?.status ?? 413).toBe(413);
  });
});
