import { once } from 'node:events';
import { connect as connectRaw } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import type { StreamReEncryptResponse__Output } from '../../src/gen/kms/reencrypt/v1/StreamReEncryptResponse.ts';
import { loadService, withoutDecoding } from '../../src/server/service.ts';
import { createStreamReEncrypt } from '../../src/server/stream-re-encrypt.ts';
import { connect, endOf, refusalOf } from '../helpers/grpc-client.ts';
import { framed } from '../helpers/raw-call.ts';
import { handlerTools } from './handler-tools.ts';

const IDLE_MS = 100;
const MOST_STREAMS = 32;

let server: Server;
let port: number;
let client: ReEncryptServiceClient;
/** Finishes the items that are called `slow`. */
let release: () => void;
/** Items that were begun. */
let asked: number;
/** Messages that were decoded. */
let decoded: number;
/** What new callers show. */
let certificate: Buffer | undefined;
/** When a message is decoded; undefined if at once. */
let turn: Promise<void> | undefined;

beforeEach(async () => {
  asked = 0;
  decoded = 0;
  turn = undefined;
  certificate = undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const tools = handlerTools({
    arrivalOf: (call: { getPeer(): string }) => ({ peer: call.getPeer(), certificate }),
    turnedAway: () => {},
    turn: () => turn,
  });
  const { handler } = createStreamReEncrypt({
    async performItem({ reference }) {
      asked += 1;
      if (reference === 'slow') await released;
      return { reference, status: { code: status.OK } };
    },
    itemsAtOnce: 4,
    tools,
    idleMs: IDLE_MS,
  });
  server = new Server();
  const { StreamReEncrypt } = loadService();
  if (!StreamReEncrypt) throw new Error('there is no such method');
  const requestDeserialize = (bytes: Buffer) => {
    decoded += 1;
    return StreamReEncrypt.requestDeserialize(bytes);
  };
  server.addService(
    withoutDecoding({ StreamReEncrypt: { ...StreamReEncrypt, requestDeserialize } }),
    { StreamReEncrypt: handler },
  );
  const bind = promisify(server.bindAsync.bind(server));
  port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  client = connect(`127.0.0.1:${port}`);
});

afterEach(() => {
  client.close();
  server.forceShutdown();
});

const open = (...references: readonly string[]) => openBy(client, ...references);

function openBy(by: ReEncryptServiceClient, ...references: readonly string[]) {
  const call = by.StreamReEncrypt();
  const results: string[] = [];
  call.on('data', (one: StreamReEncryptResponse__Output) => void results.push(one.reference));
  const ended = endOf(call);
  ended.catch(() => {});
  for (const reference of references) call.write({ reference });
  return { call, results, ended };
}

/** Another connection. */
function connectElsewhere(): ReEncryptServiceClient {
  const elsewhere = connect(`127.0.0.1:${port}`, undefined, {
    'grpc.use_local_subchannel_pool': 1,
  });
  onTestFinished(() => elsewhere.close());
  return elsewhere;
}

/** Takes all places: a stream with an item under way, the one idle for longest, and the others. */
async function fill() {
  const busy = open('slow');
  const idlest = open('a');
  await expect.poll(() => idlest.results).toEqual(['a']);
  const others = Array.from({ length: MOST_STREAMS - 2 }, () => open('b'));
  await expect.poll(() => others.every(({ results }) => results.length === 1)).toBe(true);
  return { busy, idlest, others };
}

test('when all places are taken, the stream idle for longest loses its place, and its status says why', async () => {
  const { busy, idlest, others } = await fill();
  await sleep(IDLE_MS);
  const late = open('c');
  expect(await refusalOf(idlest.ended)).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    reason: 'LIMITED',
    message: 'The proxy limits requests: too many streams, of which this one was idle.',
    retries: true,
  });
  await expect.poll(() => late.results).toEqual(['c']);
  release();
  for (const { call, ended } of [busy, late, ...others]) {
    call.end();
    await ended;
  }
  expect(busy.results).toEqual(['slow']);
});

test('streams that arrive together replace only as many', async () => {
  const { busy, idlest, others } = await fill();
  let gone = 0;
  for (const { ended } of [idlest, ...others]) void ended.catch(() => (gone += 1));
  await sleep(IDLE_MS);
  const late = [open('c'), open('d')];
  await expect.poll(() => late.map(({ results }) => results)).toEqual([['c'], ['d']]);
  await expect.poll(() => gone).toBe(2);
  release();
  busy.call.end();
  await busy.ended;
});

/** A stream whose caller reads no results, although one is waiting. */
async function openUntaken() {
  const session = connectRaw(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
  onTestFinished(() => session.destroy());
  const untaken = session.request({
    ':method': 'POST',
    ':path': '/kms.reencrypt.v1.ReEncryptService/StreamReEncrypt',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  untaken.write(framed(Buffer.from('\x0a\x01a')));
  await once(untaken, 'response');
}

test('a stream whose caller reads no results loses its place, one with an item under way does not', async () => {
  const busy = Array.from({ length: MOST_STREAMS - 1 }, () => open('slow'));
  await openUntaken();
  await sleep(2 * IDLE_MS);
  const late = open('slow');
  await expect.poll(() => asked).toBe(MOST_STREAMS);
  expect(await refusalOf(open('c').ended)).toMatchObject({ reason: 'LIMITED' });
  release();
  for (const { call, ended } of [late, ...busy]) {
    call.end();
    await ended;
  }
});

test('when none is idle, the connection with most streams loses its oldest ones to another connection', async () => {
  const [oldest, second, ...others] = Array.from({ length: MOST_STREAMS }, () => open('slow'));
  await expect.poll(() => asked).toBe(MOST_STREAMS);
  const elsewhere = connectElsewhere();
  // Never idle, so that it keeps its place however slow the machine is.
  const late = [openBy(elsewhere, 'c', 'slow'), openBy(elsewhere, 'd', 'slow')];
  await expect.poll(() => late.map(({ results }) => results)).toEqual([['c'], ['d']]);
  // Both have their share: the first connection, which has most, gets no more.
  expect(await refusalOf(open('c').ended)).toMatchObject({
    message: expect.not.stringMatching(/most/),
  });
  release();
  for (const lost of [oldest, second]) {
    expect(await refusalOf(lost?.ended ?? Promise.resolve())).toMatchObject({
      reason: 'LIMITED',
      message: 'The proxy limits requests: too many streams, most of them from this caller.',
      retries: true,
    });
    // Its item under way is not lost.
    expect(lost?.results).toEqual(['slow']);
  }
  for (const { call, ended } of [...late, ...others]) {
    call.end();
    await ended;
  }
});

test('when none is idle, whoever holds most over many connections by one certificate gives way to another', async () => {
  const openAs = (name: string) => {
    certificate = Buffer.from(name);
    return openBy(connectElsewhere(), 'slow');
  };
  const [oldest, ...others] = Array.from({ length: MOST_STREAMS }, () => openAs('greedy'));
  await expect.poll(() => asked).toBe(MOST_STREAMS);
  const late = openAs('polite');
  await expect.poll(() => asked).toBe(MOST_STREAMS + 1);
  expect(await refusalOf(openAs('greedy').ended)).toMatchObject({ reason: 'LIMITED' });
  release();
  expect(await refusalOf(oldest?.ended ?? Promise.resolve())).toMatchObject({
    message: 'The proxy limits requests: too many streams, most of them from this caller.',
  });
  for (const { call, ended, results } of [late, ...others]) {
    call.end();
    await ended;
    expect(results).toEqual(['slow']);
  }
});

test('no more streams are on their way out than may be open, and newcomers wait until these have left', async () => {
  // Each connection takes places of those that have more, and no item ever ends.
  for (const count of [MOST_STREAMS, 16, 10, 6]) {
    const before = asked;
    const elsewhere = connectElsewhere();
    for (let n = 0; n < count; n += 1) openBy(elsewhere, 'slow');
    await expect.poll(() => asked).toBe(before + count);
  }
  const late = connectElsewhere();
  expect(await refusalOf(openBy(late, 'c').ended)).toMatchObject({
    reason: 'LIMITED',
    message: expect.not.stringMatching(/most/),
  });
  release();
  await expect
    .poll(async () => {
      const { call, results, ended } = openBy(late, 'c');
      call.end();
      await ended.catch(() => {});
      return results;
    })
    .toEqual(['c']);
});

test('no more messages are decoded than are wanted, and the others once they are', async () => {
  const { call, results, ended } = open(...Array(5).fill('slow'));
  await expect.poll(() => asked).toBe(4);
  for (let sent = 0; sent < 15; sent += 1) call.write({ reference: 'late' });
  const other = open('other');
  await expect.poll(() => other.results).toEqual(['other']);
  // One of the other stream, and one that waits for a place.
  expect(decoded).toBeLessThanOrEqual(4 + 1 + 1);
  release();
  call.end();
  await ended;
  expect(results).toHaveLength(20);
});

test('a message is decoded when it is its turn, even if no more come, and not if its caller has gone', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  turn = promise;
  const [patient, gone] = [open('a', 'b'), open('c')];
  patient.call.end();
  await sleep(100);
  gone.call.cancel();
  await sleep(100);
  expect(decoded).toBe(0);
  turn = undefined;
  resolve();
  await patient.ended;
  expect(patient.results).toEqual(['a', 'b']);
  expect(asked).toBe(2);
});
