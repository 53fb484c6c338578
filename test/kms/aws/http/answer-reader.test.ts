import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createAnswerReader,
  endAnswer,
  type HttpAnswer,
  readAnswer,
} from '../../../../src/kms/aws/http/answer-reader.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const ID = 'x-amzn-RequestId: 7a1f\r\n';

/** Reads an answer that arrives in these pieces, all in one reused buffer. */
function readPieces(pieces: readonly Buffer[], then: 'more' | 'end'): HttpAnswer | undefined {
  const reader = createAnswerReader();
  const buffer = Buffer.alloc(Math.max(0, ...pieces.map(({ byteLength }) => byteLength)));
  let answer: HttpAnswer | undefined;
  for (const piece of pieces) {
    if (piece.byteLength === 0) continue;
    buffer.fill(0x21);
    piece.copy(buffer);
    answer = readAnswer(reader, buffer.subarray(0, piece.byteLength));
  }
  return then === 'end' ? (answer ?? endAnswer(reader)) : answer;
}

const readText = (text: string, then: 'more' | 'end' = 'more') =>
  readPieces([Buffer.from(text, 'latin1')], then);
const eachByte = (text: string) => Array.from(Buffer.from(text, 'latin1'), (b) => Buffer.of(b));

describe('an answer', () => {
  it('is its status, four headers and its body', () => {
    const date = 'Date: Sat, 31 Jan 2026 10:00:00 GMT\r\n';
    const type = 'x-amzn-errortype:  NotFoundException \r\n';
    expect(
      readText(`HTTP/1.1 400 Bad Request\r\n${ID}${date}${type}content-length: 2\r\n\r\n{}`),
    ).toEqual({
      status: 400,
      requestId: '7a1f',
      errorType: 'NotFoundException',
      date: 'Sat, 31 Jan 2026 10:00:00 GMT',
      idleMs: Number.POSITIVE_INFINITY,
      body: '{}',
    });
  });

  it('may have values without a blank before them', () => {
    const text = `${OK}x-amzn-requestid:7a1f\r\nx-amzn-errortype:NotFound\r\ncontent-length:0\r\n\r\n`;
    expect(readText(text)).toMatchObject({ requestId: '7a1f', errorType: 'NotFound', body: '' });
  });

  it.each([
    ['has no reason', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', ''],
    ['has an empty body', `${OK}content-length: 0\r\n\r\n`, ''],
    ['has no body by its status', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    [
      'follows interim ones',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\na: b\r\n\r\n${OK}content-length: 1\r\n\r\n1`,
      '1',
    ],
    [
      'comes in chunks',
      `${OK}Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n00b;x="y"\r\nbcdefghijkl\r\n0\r\n\r\n`,
      'abcdefghijkl',
    ],
    [
      'has trailers',
      `${OK}transfer-encoding: chunked\r\n\r\n0\r\nx-amzn-requestid: no\r\n\r\n`,
      '',
    ],
  ])('may be one that %s', (_, text, body) => {
    expect(readText(text)).toMatchObject({ body, requestId: '' });
    expect(readPieces(eachByte(text), 'more')).toMatchObject({ body });
  });

  it('ends with the connection if nothing else marks its end', () => {
    for (const version of ['1.0', '1.1']) {
      const text = `HTTP/${version} 200 OK\r\n\r\n{"a":1}`;
      expect(readText(text)).toBe(undefined);
      expect(readText(text, 'end')).toMatchObject({ body: '{"a":1}', idleMs: 0 });
      expect(readPieces(eachByte(text), 'end')).toMatchObject({ body: '{"a":1}', idleMs: 0 });
    }
  });

  it.each([
    ['its head', `${OK}content-le`],
    ['its body', `${OK}content-length: 5\r\n\r\n1234`],
    ['a chunk', `${OK}transfer-encoding: chunked\r\n\r\n5\r\n1234`],
    ['its trailers', `${OK}transfer-encoding: chunked\r\n\r\n0\r\n`],
    ['an interim one', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('is incomplete if the connection ends in %s', (_, text) => {
    expect(readText(text, 'end')).toBe(undefined);
  });

  it.each([
    ['', Number.POSITIVE_INFINITY],
    ['connection: keep-alive\r\nkeep-alive: timeout=5, max=100\r\n', 4000],
    ['keep-alive: max=9, timeout=1\r\n', 0],
    ['keep-alive: timeout=0\r\n', 0],
    ['keep-alive: nonsense\r\n', Number.POSITIVE_INFINITY],
    ['Connection: Close\r\n', 0],
    ['connection: x, close\r\nkeep-alive: timeout=5\r\n', 0],
    ['connection: closed\r\n', Number.POSITIVE_INFINITY],
  ])('with %j leaves its connection reusable for %s ms', (headers, idleMs) => {
    expect(readText(`${OK}${headers}content-length: 0\r\n\r\n`)).toMatchObject({ idleMs });
  });

  it('of HTTP/1.0 leaves no reusable connection', () => {
    const text = 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n';
    expect(readText(text)).toMatchObject({ idleMs: 0 });
  });
});

// biome-ignore format: a table reads best with an answer a line.
const HOSTILE: readonly (readonly [string, string])[] = [
  ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
  ['HTTP/2', 'HTTP/2 200\r\ncontent-length: 0\r\n\r\n'],
  ['HTTP/1.2', 'HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n'],
  ['a status that is none', 'HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n'],
  ['an empty line first', `\r\n${OK}content-length: 0\r\n\r\n`],
  ['a blank in the version', 'HTTP /1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['line ends without CR', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n\r\n\r\n'],
  ['one line end without CR', `${OK}a: b\ncontent-length: 0\r\n\r\n`],
  ['a CR in a line', `${OK}a: b\rc\r\ncontent-length: 0\r\n\r\n`],
  ['a folded line', `${OK}a: b\r\n c\r\ncontent-length: 0\r\n\r\n`],
  ['a folded length', `${OK}content-length:\r\n 0\r\n\r\n`],
  ['a NUL in a value', `${OK}a: \0\r\ncontent-length: 0\r\n\r\n`],
  ['DEL in a value', `${OK}a: \x7f\r\ncontent-length: 0\r\n\r\n`],
  ['a name with a blank after it', `${OK}content-length : 0\r\n\r\n`],
  ['a name with a blank in it', `${OK}content length: 0\r\n\r\n`],
  ['a name beyond ASCII', `${OK}\xe9: 0\r\ncontent-length: 0\r\n\r\n`],
  ['a line without a name', `${OK}: 0\r\ncontent-length: 0\r\n\r\n`],
  ['a line without a colon', `${OK}content-length\r\n\r\n`],
  ['two lengths', `${OK}content-length: 1\r\ncontent-length: 2\r\n\r\n12`],
  ['one length twice', `${OK}content-length: 1\r\ncontent-length: 1\r\n\r\n1`],
  ['a list of lengths', `${OK}content-length: 1, 1\r\n\r\n1`],
  ['an empty length', `${OK}content-length: \r\n\r\n`],
  ['a signed length', `${OK}content-length: +1\r\n\r\n1`],
  ['a negative length', `${OK}content-length: -1\r\n\r\n`],
  ['a length in hex', `${OK}content-length: 0x1\r\n\r\n1`],
  ['a length in a fraction', `${OK}content-length: 1.0\r\n\r\n1`],
  ['a length with NBSP', `${OK}content-length: 1\xa0\r\n\r\n1`],
  ['a length past every number', `${OK}content-length: ${'9'.repeat(30)}\r\n\r\n1`],
  ['a length over 128 KiB', `${OK}content-length: 131073\r\n\r\n1`],
  ['length and chunks', `${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['chunks and length', `${OK}transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n0\r\n\r\n`],
  ['gzip', `${OK}transfer-encoding: gzip\r\n\r\n`],
  ['gzip in chunks', `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['chunks twice', `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['identity', `${OK}transfer-encoding: identity\r\ncontent-length: 1\r\n\r\n1`],
  ['HTTP/1.0 in chunks', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a chunk without a size', `${OK}transfer-encoding: chunked\r\n\r\n\r\n`],
  ['a chunk of a size that is none', `${OK}transfer-encoding: chunked\r\n\r\nxyz\r\n`],
  ['a chunk of a signed size', `${OK}transfer-encoding: chunked\r\n\r\n-1\r\n`],
  ['a chunk of a size in C', `${OK}transfer-encoding: chunked\r\n\r\n0x1\r\n1\r\n`],
  ['a chunk of a size in nine digits', `${OK}transfer-encoding: chunked\r\n\r\n000000001\r\n1\r\n`],
  ['a blank after the size', `${OK}transfer-encoding: chunked\r\n\r\n1 \r\n1\r\n0\r\n\r\n`],
  ['a size without CR', `${OK}transfer-encoding: chunked\r\n\r\n1\n1\r\n0\r\n\r\n`],
  ['a chunk longer than its size', `${OK}transfer-encoding: chunked\r\n\r\n1\r\n12\r\n0\r\n\r\n`],
  ['a chunk without its line end', `${OK}transfer-encoding: chunked\r\n\r\n1\r\n10\r\n\r\n`],
  ['a broken trailer', `${OK}transfer-encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n`],
  ['a head without an end', `${OK}a: ${'b'.repeat(17_000)}`],
  ['a head over 16 KiB', `${OK}a: ${'b'.repeat(17_000)}\r\ncontent-length: 0\r\n\r\n`],
  ['interim heads without an end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(700)],
  ['another protocol by consent', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ['an extension without an end', `${OK}transfer-encoding: chunked\r\n\r\n1;${'b'.repeat(17_000)}`],
  ['trailers without an end', `${OK}transfer-encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(3000)}`],
  ['chunks over 128 KiB', `${OK}transfer-encoding: chunked\r\n\r\n${`10000\r\n${'x'.repeat(65_536)}\r\n`.repeat(3)}`],
  ['chunks of a byte without an end', `${OK}transfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(4000)}`],
  ['extensions without an end', `${OK}transfer-encoding: chunked\r\n\r\n${`1;${'b'.repeat(1000)}\r\nx\r\n`.repeat(20)}`],
  ['an endless body', `${OK}\r\n${'x'.repeat(131_073)}`],
  ['a byte after its answer', `${OK}content-length: 1\r\n\r\n12`],
  ['a byte after no body', `${OK}content-length: 0\r\n\r\n1`],
  ['a byte after 204', 'HTTP/1.1 204 No Content\r\n\r\n1'],
  ['a byte after the chunks', `${OK}transfer-encoding: chunked\r\n\r\n0\r\n\r\n1`],
  ['two answers', `${OK}content-length: 1\r\n\r\n1${OK}content-length: 1\r\n\r\n2`],
];

describe('a fault is', () => {
  it.each(HOSTILE)('%s', (_, text) => {
    expect(() => readText(text)).toThrow(expect.objectContaining({ code: 'MalformedAnswer' }));
  });

  it.each(
    HOSTILE.filter(
      ([name, text]) => text.length < 1000 && !/^a byte after|^two answers/.test(name),
    ),
  )('%s, byte by byte', (_, text) => {
    expect(() => readPieces(eachByte(text), 'more')).toThrow(
      expect.objectContaining({ code: 'MalformedAnswer' }),
    );
  });
});

/** Valid answers, with the bytes of their bodies. */
const token = fc.stringMatching(/^[!#$%&'*+.^_`|~\w-]{1,12}$/);
const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]{0,20}[!-~\x80-\xff])?)?$/);
const FRAMING =
  /^(?:content-length|transfer-encoding|connection|keep-alive|upgrade|trailer|date|x-amzn-.*|set-cookie)$/i;
const header = fc.tuple(token, value).filter(([name]) => !FRAMING.test(name));
const wanted = fc.tuple(fc.constantFrom('x-amzn-RequestId', 'X-AMZN-ERRORTYPE', 'Date'), value);
const wantedOnce = fc.uniqueArray(wanted, { maxLength: 3, selector: ([name]) => name });
const body = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);
const lines = (headers: readonly (readonly [string, string])[]) =>
  headers.map(([name, text]) => `${name}: ${text}\r\n`).join('');
const latin1 = (text: string) => Buffer.from(text, 'latin1');

function inChunks(whole: Buffer, cuts: readonly number[], extension: string): Buffer {
  const parts = cut(whole, cuts).filter(({ byteLength }) => byteLength > 0);
  return Buffer.concat([
    ...parts.flatMap((part) => [
      latin1(`${part.byteLength.toString(16)}${extension}\r\n`),
      part,
      latin1('\r\n'),
    ]),
    latin1('0\r\n'),
  ]);
}

function cut(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((part) => Math.floor(part * whole.byteLength)), whole.byteLength];
  at.sort((a, b) => a - b);
  return at.slice(1).map((end, index) => whole.subarray(at[index], end));
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const answers = fc
  .record({
    interim: fc.array(fc.constantFrom('100 Continue', '102', '103 Early Hints'), { maxLength: 2 }),
    version: fc.constantFrom('1.0', '1.1'),
    status: fc.constantFrom('200 OK', '400 Bad Request', '503', '299 \xe9'),
    headers: fc.array(header, { maxLength: 6 }),
    wanted: wantedOnce,
    framing: fc.constantFrom('length', 'chunks', 'end'),
    body,
    cuts,
    extension: fc.constantFrom('', ';a', ';a=b', ';a="b c"'),
    trailers: fc.array(header, { maxLength: 2 }),
  })
  .map((made) => {
    const chunked = made.framing === 'chunks' && made.version === '1.1';
    const length = made.framing === 'length';
    const framing = chunked
      ? 'transfer-encoding: chunked\r\n'
      : length
        ? `Content-Length: ${made.body.byteLength}\r\n`
        : '';
    const head =
      made.interim.map((line) => `HTTP/1.1 ${line}\r\n\r\n`).join('') +
      `HTTP/${made.version} ${made.status}\r\n` +
      lines(made.wanted) +
      framing +
      lines(made.headers);
    const sent = chunked
      ? [inChunks(made.body, made.cuts, made.extension), latin1(`${lines(made.trailers)}\r\n`)]
      : [made.body];
    return Buffer.concat([latin1(`${head}\r\n`), ...sent]);
  });

describe('answers cut anywhere', () => {
  let bytes: Buffer = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.once('data', () => socket.end(bytes)).on('error', () => {});
  });

  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  function asNodeReads(): Promise<Omit<HttpAnswer, 'idleMs'>> {
    const { port } = server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      const request = get({ port, host: '127.0.0.1', agent: false }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
        answer.on('end', () => {
          const { statusCode: status = 0, headers } = answer;
          resolve({
            status,
            requestId: String(headers['x-amzn-requestid'] ?? ''),
            errorType: String(headers['x-amzn-errortype'] ?? ''),
            date: String(headers.date ?? ''),
            body: Buffer.concat(parts).toString('utf8'),
          });
        });
      });
      request.on('error', reject);
    });
  }

  it('are read as Node reads them whole (300 of them)', async () => {
    await fc.assert(
      fc.asyncProperty(answers, cuts, async (generated, pieces) => {
        bytes = generated;
        const { idleMs: _, ...read } = readPieces(cut(generated, pieces), 'end') ?? expect.fail();
        expect(read).toEqual(await asNodeReads());
      }),
      { numRuns: 300, seed: 8 },
    );
  });
});
