import { connect as connectSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import type { StreamReEncryptRequest } from '../../src/gen/kms/reencrypt/v1/StreamReEncryptRequest.ts';
import type { StreamReEncryptResponse__Output } from '../../src/gen/kms/reencrypt/v1/StreamReEncryptResponse.ts';
import {
  callHeaders,
  FLAG,
  frame,
  PREFACE,
  SETTINGS,
  TYPE,
  uint32,
} from '../faults/attack/frames.ts';
import { type AwsProxy, startAwsProxy } from '../helpers/aws-proxy.ts';
import { connect, endOf, refusalOf } from '../helpers/grpc-client.ts';
import { until } from '../helpers/until.ts';

let aws: AwsProxy;
let client: ReEncryptServiceClient;

beforeAll(async () => {
  aws = await startAwsProxy({ settings: ['limits.per_principal.max_in_flight=20'] });
  client = aws.client;
});

beforeEach(() => aws.kms.forget());

afterAll(() => aws.close());

const item = (reference: string, rest: StreamReEncryptRequest = {}): StreamReEncryptRequest => ({
  reference,
  request: {
    ciphertextBlob: Buffer.from('ciphertext'),
    sourceKeyId: 'alias/a',
    destinationKeyId: 'alias/b',
  },
  ...rest,
});

/** A stream whose results are collected as they arrive. */
function open(of = client) {
  const call = of.StreamReEncrypt();
  const results: StreamReEncryptResponse__Output[] = [];
  call.on('data', (result: StreamReEncryptResponse__Output) => void results.push(result));
  const ended = endOf(call).then((trailers) => String(trailers.get('decision_id')[0]));
  ended.catch(() => {});
  onTestFinished(() => call.cancel());
  return { call, results, ended };
}

const codes = (results: readonly StreamReEncryptResponse__Output[]) =>
  results.map(({ reference, status: told }) => `${reference} ${told?.code}`);

const reEncrypts = () => aws.kms.requests.filter(({ operation }) => operation === 'ReEncrypt');

/** Outcomes of cancelled items, without the log's own entries in between. */
const cancelled = () =>
  aws.proxy.entries().filter(({ kind, outcome }) => {
    return kind === 'outcome' && (outcome as { reason?: string }).reason === 'CANCELLED';
  });

/** Whether every stream that was started is over. */
async function noneOpen(): Promise<boolean> {
  const text = await aws.proxy.metrics();
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}\\{[^}]*"StreamReEncrypt"[^}]*\\} (\\d+)`, 'gm'))]
      .map(([, count]) => Number(count))
      .reduce((all, count) => all + count, 0);
  return sum('grpc_server_started_total') === sum('grpc_server_handled_total');
}

describe('a stream', () => {
  test('sends each result under its reference as soon as it is ready', async () => {
    const { call, results, ended } = open();
    aws.kms.next({ kind: 'answer', delayMs: 600 }, 'ReEncrypt');
    call.write(item('slow'));
    await until(() => reEncrypts().length === 1);
    call.write(item('quick'));
    call.write(item('wrong', { request: null }));
    call.end();
    await ended;
    expect(codes(results).toSorted()).toEqual(['quick 0', 'slow 0', 'wrong 3']);
    expect(results.at(-1)?.reference).toBe('slow');
  });

  test('continues after an item whose own deadline passed', async () => {
    const { call, results, ended } = open();
    aws.kms.always({ kind: 'hang' }, 'ReEncrypt');
    call.write(item('late', { deadlineMs: 80 }));
    await until(() => results.length === 1);
    // On a busy machine the time may be up before KMS is asked; the next item must not hang as well.
    aws.kms.always(undefined, 'ReEncrypt');
    call.write(item('next'));
    call.end();
    await ended;
    expect(codes(results)).toEqual([`late ${status.DEADLINE_EXCEEDED}`, 'next 0']);
  });

  test('has no more items under way than its principal may have calls in flight', async () => {
    const { call, results } = open();
    aws.kms.always({ kind: 'hang' }, 'ReEncrypt');
    for (let n = 0; n < 60; n += 1) call.write(item(`${n}`));
    await until(() => reEncrypts().length === 20);
    const before = cancelled().length;
    await sleep(50);
    expect(reEncrypts().length).toBe(20);
    // One more would be refused: its principal is at its limit.
    expect(codes(results)).toEqual([]);
    call.cancel();
    await until(() => cancelled().length === before + 20);
  });

  test('reads no items from a caller that does not read results', async () => {
    const large = Buffer.alloc(6_000).toString('base64');
    aws.kms.always({ kind: 'answer', change: { CiphertextBlob: large } }, 'ReEncrypt');
    const { call, results, ended } = open();
    call.pause();
    for (let n = 0; n < 200; n += 1) call.write(item(`${n}`));
    let before = -1;
    await until(async () => {
      const settled = before === reEncrypts().length && before > 0;
      before = reEncrypts().length;
      await sleep(100);
      return settled;
    });
    expect(before).toBeLessThan(100);
    call.resume();
    call.end();
    await ended;
    expect(results).toHaveLength(200);
  });

  test('records each item under its own id, with the stream’s id as job', async () => {
    const { call, results, ended } = open();
    for (const reference of ['a', 'b']) call.write(item(reference));
    call.end();
    const job = await ended;
    const ids = results.map(({ response }) => response?.decisionId ?? '');
    const entries = aws.proxy
      .entries()
      .filter((entry) => ids.includes(String(entry['decision_id'])));
    expect(entries.map(({ kind }) => kind).toSorted()).toEqual([
      'intent',
      'intent',
      'outcome',
      'outcome',
    ]);
    const intents = entries.filter(({ kind }) => kind === 'intent');
    for (const intent of intents) expect(intent).toMatchObject({ input: { request: { job } } });
  });

  test('passes a cancellation on to its items, each recorded once', async () => {
    const { call } = open();
    aws.kms.always({ kind: 'hang' }, 'ReEncrypt');
    for (const reference of ['a', 'b', 'c']) call.write(item(reference));
    await until(() => reEncrypts().length === 3);
    const before = cancelled().length;
    call.cancel();
    await until(() => cancelled().length === before + 3);
    expect(new Set(cancelled().map((entry) => entry['decision_id'])).size).toBe(before + 3);
  });

  test('is counted, with its messages', async () => {
    const count = async (name: string) => {
      const text = await aws.proxy.metrics();
      const line = new RegExp(`^${name}\\{[^}]*"StreamReEncrypt"[^}]*\\} (\\d+)`, 'm');
      return Number(line.exec(text)?.[1]);
    };
    const names = ['received', 'sent'].map((way) => `grpc_server_msg_${way}_total`);
    const before = await Promise.all(names.map(count));
    const { call, ended } = open();
    for (const reference of ['a', 'b', 'c']) call.write(item(reference));
    call.end();
    await ended;
    expect(await Promise.all(names.map(count))).toEqual(before.map((n) => n + 3));
  });
});

describe('a stream ends', () => {
  test('at once if it has no items', async () => {
    const { call, ended } = open();
    call.end();
    expect(await ended).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('on a malformed message, after the results of the items before it', async () => {
    const path = '/kms.reencrypt.v1.ReEncryptService/StreamReEncrypt';
    const { requestSerialize, responseDeserialize } = client.StreamReEncrypt as unknown as {
      requestSerialize: (of: unknown) => Buffer;
      responseDeserialize: (bytes: Buffer) => StreamReEncryptResponse__Output;
    };
    aws.kms.always({ kind: 'answer', delayMs: 50 }, 'ReEncrypt');
    const call = client.makeBidiStreamRequest(
      path,
      (of: Buffer | StreamReEncryptRequest) => (Buffer.isBuffer(of) ? of : requestSerialize(of)),
      responseDeserialize,
    );
    const results: StreamReEncryptResponse__Output[] = [];
    call.on('data', (result) => void results.push(result));
    const ended = new Promise((_, reject) => call.on('error', reject));
    call.write(item('a'));
    call.write(Buffer.from([0x0a, 0xff]));
    const told = await refusalOf(ended);
    expect(told).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' });
    expect(told.message).toBe('request must be a message of this method’s type');
    expect(codes(results)).toEqual(['a 0']);
  });

  test('before it begins if there are too many', async () => {
    await until(noneOpen);
    const streams = Array.from({ length: 32 }, () => open());
    for (const { call } of streams) call.write(item('a'));
    await until(() => streams.every(({ results }) => results.length === 1));
    const told = await refusalOf(open().ended);
    expect(told).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'LIMITED' });
    for (const { call } of streams) call.end();
    await Promise.all(streams.map(({ ended }) => ended));
    // A client sees its stream end before the proxy has closed it.
    await until(noneOpen);
    const { call, ended } = open();
    call.end();
    await ended;
  });

  test('when its caller resets it while idle, and counts as cancelled', async () => {
    const count = async () => {
      const text = await aws.proxy.metrics();
      return Number(
        /^grpc_server_handled_total\{.*"StreamReEncrypt",.*"Canceled"\} (\d+)/m.exec(text)?.[1],
      );
    };
    await until(noneOpen);
    const before = await count();
    const path = '/kms.reencrypt.v1.ReEncryptService/StreamReEncrypt';
    const opened = frame(TYPE.headers, FLAG.endHeaders, 1, callHeaders({ ':path': path }));
    const socket = connectSocket(Number(aws.proxy.endpoint.split(':')[1]), '127.0.0.1').resume();
    socket.write(Buffer.concat([PREFACE, SETTINGS, opened]));
    await until(async () => !(await noneOpen()));
    socket.write(frame(TYPE.rstStream, 0, 1, uint32(8)));
    await until(noneOpen);
    socket.destroy();
    expect(await count()).toBe(before + 1);
  });

  test('when its proxy stops, once accepted items are answered', async () => {
    const other = await startAwsProxy();
    const itsClient = connect(other.proxy.endpoint);
    const { call, results, ended } = open(itsClient);
    other.kms.always({ kind: 'answer', delayMs: 150 }, 'ReEncrypt');
    call.write(item('a'));
    await until(() => other.kms.requests.some(({ operation }) => operation === 'ReEncrypt'));
    const stopped = other.close();
    const told = await refusalOf(ended);
    expect(told).toMatchObject({ code: status.UNAVAILABLE, reason: 'DRAINING', retries: true });
    expect(codes(results)).toEqual(['a 0']);
    itsClient.close();
    await stopped;
  });
});
