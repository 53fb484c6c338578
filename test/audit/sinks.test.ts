import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createNodeDisk, type Disk } from '../../src/audit/log/disk.ts';
import { createDelivery, type DeliverOptions, type Sink } from '../../src/audit/sinks/deliver.ts';
import { createStdoutSink } from '../../src/audit/sinks/stdout.ts';
import { Refusal } from '../../src/errors.ts';
import { repeatedKey } from '../../src/json/exact.ts';
import { BASICS } from './basics.ts';
import { fill } from './fault-world.ts';
import { answered, intended } from './samples.ts';
import { createFolder, openAudit, openThreadless } from './world.ts';

interface Received {
  readonly kind: string;
  readonly seq: number;
}

/** A decision log service that answers with the given statuses in turn, then with 200. */
async function startService(statuses: number[]) {
  const received: Received[] = [];
  const requests: (string | undefined)[] = [];
  const server = createServer(async (request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers['content-encoding']}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const status = statuses.shift() ?? 200;
    const text = gunzipSync(Buffer.concat(chunks)).toString();
    // A strict service refuses an event that says something twice.
    const repeated = repeatedKey(text) !== undefined;
    if (status === 200 && !repeated) received.push(...JSON.parse(text));
    response.writeHead(repeated ? 400 : status).end();
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://127.0.0.1:${port}/`, received, requests },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const linesOf = (file: string): readonly Received[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test.concurrent('an OPA decision log service gets every entry once, in order, through failures and restarts', async ({
  expect,
}) => {
  await using folder = createFolder();
  await using service = await startService([500, 200, 503]);
  const decisionLog = { url: service.url, timeoutMs: 15_000, batchBytes: 4_000 };
  const sinks = { ...BASICS.sinks, 'decision-log': decisionLog, maxBehind: 1_000_000 };
  for (let start = 0; start < 3; start += 1) {
    const audit = await openAudit(folder.file, { sinks });
    const before = service.requests.length;
    await fill(audit, 6);
    // The thread has started: a busy machine may take longer than `close` waits for that.
    await expect.poll(() => service.requests.length).toBeGreaterThan(before);
    await audit.close();
  }
  const labels = { ...BASICS.labels, origin: BASICS.origin };
  const path = 'kms/reencrypt/decision';
  const whole = linesOf(folder.file).map((line) => {
    return { labels, ...line, ...('bundles' in line && { path }) };
  });
  expect(service.received).toEqual(whole);
  expect(whole.filter((line) => 'path' in line)).toHaveLength(18);
  expect(new Set(service.requests)).toEqual(new Set(['POST /logs gzip']));
});

test.concurrent('a call fails when a required sink does not answer, and the log records that correction', async ({
  expect,
}) => {
  await using folder = createFolder();
  const audit = await openAudit(folder.file, {
    commitTimeoutMs: 1_000,
    sinks: {
      ...BASICS.sinks,
      'decision-log': { url: 'http://127.0.0.1:9/', timeoutMs: 100, batchBytes: 4_000 },
      required: ['file', 'decision-log'],
      maxBehind: 1_000_000,
    },
  });
  await expect(audit.intent(intended(1))).rejects.toThrow(Refusal);
  await expect(audit.terminal(answered(1))).rejects.toThrow(Refusal);
  const kinds = () => linesOf(folder.file).map(({ kind }) => kind);
  await expect.poll(kinds).toEqual(['segment', 'started', 'intent', 'outcome', 'correction']);
  await audit.close();
});

test.concurrent('while a required sink is silent, calls fail at once and the log is suspended', async ({
  expect,
}) => {
  await using folder = createFolder();
  const silent: number[] = Array.from({ length: 1_000 }, () => 503);
  await using service = await startService(silent);
  const failures: string[] = [];
  const warned: string[] = [];
  const audit = await openAudit(folder.file, {
    commitTimeoutMs: 300,
    onFailure: (code) => failures.push(code),
    warn: (sentence) => warned.push(sentence),
    sinks: {
      ...BASICS.sinks,
      'decision-log': { url: service.url, timeoutMs: 15_000, batchBytes: 1_000_000 },
      required: ['file', 'decision-log'],
      maxBehind: 1_000_000,
    },
  });
  await expect(audit.intent(intended(0))).rejects.toThrow(Refusal);
  expect(audit.status()).toMatchObject({ state: 'suspended', code: 'SINK' });
  // Waiting in vain each time would take longer than this test may.
  for (let call = 1; call < 60; call += 1) {
    await expect(audit.intent(intended(call))).rejects.toThrow(Refusal);
  }
  expect(failures.filter((code) => code !== 'UNDELIVERED')).toEqual(['SINK']);
  expect(warned.join('\n')).toContain('of audit.required, decision-log does not answer');
  silent.length = 0;
  const next = () => audit.intent(intended(60)).then(() => 'recorded', String);
  await expect.poll(next, { timeout: 12_000 }).toBe('recorded');
  expect(audit.status()).toMatchObject({ state: 'ok', code: '' });
  await audit.close();
}, 16_000);

/** Writes and closes a log; returns its number of entries. */
async function writeLog(file: string, calls: number): Promise<number> {
  const audit = await openThreadless(file);
  await fill(audit, calls);
  await audit.close();
  return linesOf(file).length;
}

/** Delivers a log to a sink that keeps the seqs of what it got. */
function deliver(
  file: string,
  { batchBytes, ...changes }: Partial<DeliverOptions> & Pick<Sink, 'batchBytes'>,
) {
  const got: number[] = [];
  const sink: Sink = {
    ...{ name: 'test', batchBytes },
    async send(lines) {
      got.push(...lines.map(({ bytes }) => JSON.parse(bytes.toString()).seq));
    },
  };
  const delivery = createDelivery({
    ...{ disk: createNodeDisk('here'), file, sink, from: 0, written: 0, maxBehind: 100 },
    onDelivered: () => undefined,
    onDropped: () => undefined,
    onError: () => undefined,
    wait: async () => undefined,
    ...changes,
  });
  return { delivery, got };
}

test.concurrent('a sink that is away too long misses the oldest entries, and they are counted', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 20);
  let dropped = 0;
  const { delivery, got } = deliver(folder.file, {
    ...{ batchBytes: 1_000, maxBehind: 10 },
    onDropped(count) {
      dropped += count;
    },
  });
  delivery.advance(total);
  await delivery.close();
  expect(dropped).toBe(total - 10);
  expect(got).toEqual(Array.from({ length: 10 }, (_, i) => total - 10 + i));
});

test.concurrent('a place beyond the end of the log, of another log there, hides no entry from a sink', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 4);
  for (const [kept, first] of [
    [7, 7],
    [total, total],
    [total + 1, 5],
    [10 ** 12, 5],
  ] as const) {
    writeFileSync(`${folder.file}.test`, `${kept}\n`);
    const told: string[] = [];
    const { delivery, got } = deliver(folder.file, {
      ...{ batchBytes: 1_000, from: 5, written: total, maxBehind: total },
      onError: (message) => told.push(message),
    });
    delivery.advance(total);
    await delivery.close();
    expect(got).toEqual(Array.from({ length: total - first }, (_, i) => first + i));
    const lost = `test: it had come to seq ${kept}, which the log has not; it goes on at 5`;
    expect(told).toEqual(kept > total ? [lost] : []);
  }
});

test.concurrent('a sink whose place is garbage says so, and goes on with what is new', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 4);
  for (const garbage of ['', 'seven\n', '-1\n', '9'.repeat(40)]) {
    writeFileSync(`${folder.file}.test`, garbage);
    const told: string[] = [];
    const { delivery, got } = deliver(folder.file, {
      ...{ batchBytes: 1_000, from: 2, written: total, maxBehind: total },
      onError: (message) => told.push(message),
    });
    delivery.advance(total);
    await delivery.close();
    expect(got[0]).toBe(2);
    expect(told).toEqual([expect.stringMatching(/^test: .*; it goes on at 2$/)]);
  }
});

test.concurrent('a sink that had nothing to send at first sends what comes later', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 4);
  const { delivery, got } = deliver(folder.file, {
    ...{ batchBytes: 1_000, maxBehind: total },
    onError: (message) => expect.unreachable(message),
  });
  for (const seq of [0, 0, 3, 3, total]) {
    delivery.advance(seq);
    await turns();
    expect(got).toHaveLength(seq);
  }
  await delivery.close();
});

const turns = () => new Promise(setImmediate);

test.concurrent('a sink whose place cannot be stored delivers all the same, and reports that once', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 4);
  const disk = createNodeDisk('here');
  let stores = 0;
  let full = true;
  const failing: Disk = {
    ...disk,
    open(path, how) {
      if (how === 'create') stores += 1;
      if (how === 'create' && stores > 1 && full) throw new Error('EACCES: made by the test');
      return disk.open(path, how);
    },
  };
  const errors: string[] = [];
  let delivered = 0;
  const { delivery, got } = deliver(folder.file, {
    ...{ batchBytes: 1_000, disk: failing, onError: (message) => errors.push(message) },
    onDelivered: (seq) => {
      delivered = seq;
    },
  });
  const upTo = async (seq: number) => {
    delivery.advance(seq);
    await turns();
    expect(delivered).toBe(seq);
  };
  await upTo(2);
  await upTo(4);
  expect(errors).toEqual(['test: EACCES: made by the test']);
  full = false;
  await upTo(6);
  full = true;
  await upTo(8);
  expect(errors).toHaveLength(2);
  await upTo(total);
  await delivery.close();
  expect(got).toEqual(Array.from({ length: total }, (_, seq) => seq));
});

test.concurrent('a disk fault in the middle of a batch costs a sink no entry', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 4);
  const disk = createNodeDisk('here');
  let reads = 0;
  const failing: Disk = {
    ...disk,
    open(path, how) {
      const file = disk.open(path, how);
      if (path !== folder.file) return file;
      return {
        ...file,
        read(into, position) {
          reads += 1;
          // After two reads of the head and one of the lines: what follows them.
          if (reads === 4) throw new Error('EIO: made by the test');
          return file.read(into, position);
        },
      };
    },
  };
  const { delivery, got } = deliver(folder.file, { batchBytes: 100_000, disk: failing });
  // More than there are, so that it reads on past the last entry.
  delivery.advance(total + 1);
  await delivery.close();
  expect(got).toEqual(Array.from({ length: total }, (_, seq) => seq));
  expect(reads).toBeGreaterThan(4);
});

test.concurrent('a sink that fails is reported each time, and gets the same after ever longer pauses', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 2);
  const errors: string[] = [];
  const pauses: number[] = [];
  const got: number[] = [];
  const send: Sink['send'] = async (lines) => {
    got.push(lines.length);
    if (got.length < 10) throw new Error('down');
  };
  const { delivery } = deliver(folder.file, {
    ...{ batchBytes: 1 << 20, sink: { name: 'test', batchBytes: 1 << 20, send } },
    onError: (message) => errors.push(message),
    wait: async (ms) => void pauses.push(ms),
  });
  delivery.advance(total);
  await expect.poll(() => got).toEqual(Array(10).fill(total));
  await delivery.close();
  expect(errors).toEqual(Array(9).fill('test: down'));
  expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test.concurrent('a sink gets no more at a time than it takes, but for the last line', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 12);
  const sent: number[] = [];
  const send: Sink['send'] = async (lines) => {
    sent.push(lines.slice(0, -1).reduce((sum, { bytes }) => sum + bytes.length, 0));
  };
  const { delivery } = deliver(folder.file, {
    ...{ batchBytes: 3_000, sink: { name: 'test', batchBytes: 3_000, send } },
  });
  delivery.advance(total);
  await delivery.close();
  expect(sent.length).toBeGreaterThan(2);
  expect(Math.max(...sent)).toBeLessThan(3_000);
});

test.concurrent('a log that cannot be read is reported by its sink', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 2);
  const disk = createNodeDisk('here');
  const failing: Disk = {
    ...disk,
    open(path, how) {
      if (path === folder.file) throw new Error('EACCES: made by the test');
      return disk.open(path, how);
    },
  };
  const errors: string[] = [];
  const { delivery } = deliver(folder.file, {
    ...{ batchBytes: 1_000, disk: failing, onError: (message) => errors.push(message) },
  });
  delivery.advance(total);
  await delivery.close();
  expect(errors).toEqual(['test: EACCES: made by the test']);
});

test.concurrent('closing a sink that waits to retry makes it retry at once, and then end', async ({
  expect,
}) => {
  await using folder = createFolder();
  const entries = await writeLog(folder.file, 3);
  const { promise: waiting, resolve: waits } = Promise.withResolvers<void>();
  const got: number[] = [];
  let down = true;
  const send: Sink['send'] = async (lines) => {
    if (down) throw new Error('down');
    got.push(lines.length);
  };
  const delivery = createDelivery({
    ...{ disk: createNodeDisk('here'), file: folder.file, from: 0, written: 0, maxBehind: 100 },
    sink: { name: 'test', batchBytes: 1 << 20, send },
    onDelivered: () => undefined,
    onDropped: () => undefined,
    onError: () => undefined,
    wait: () => {
      waits();
      return new Promise(() => undefined);
    },
  });
  delivery.advance(entries);
  await waiting;
  down = false;
  await delivery.close();
  expect(got).toEqual([entries]);
});

test.concurrent('entries that a sink will never get are reported, and counted in the log', async ({
  expect,
}) => {
  await using folder = createFolder();
  await using service = await startService([500]);
  const told: [string, number][] = [];
  const causes: string[] = [];
  const audit = await openAudit(folder.file, {
    sinks: {
      ...BASICS.sinks,
      'decision-log': { url: service.url, timeoutMs: 1_000, batchBytes: 1_000 },
      maxBehind: 10,
    },
    onDropped: (sink, count) => told.push([sink, count]),
    onFailure: (cause) => causes.push(cause),
  });
  await fill(audit, 20);
  await expect.poll(() => told.length).toBeGreaterThan(0);
  await expect
    .poll(() => linesOf(folder.file).filter(({ kind }) => kind === 'dropped'))
    .toMatchObject(told.map(([sink, count]) => ({ dropped: { sink, count } })));
  const lost = () => told.reduce((sum, [, count]) => sum + count, 0);
  const undelivered = () => linesOf(folder.file).length - service.received.length;
  // The next start sends what an outage at the end leaves over.
  await expect.poll(() => undelivered() - lost()).toBe(0);
  await audit.close();
  expect(undelivered()).toBe(lost());
  expect(causes).toEqual(['UNDELIVERED']);
});

test.concurrent('the status says how many entries each sink has not taken yet', async ({
  expect,
}) => {
  await using folder = createFolder();
  const away = Array.from({ length: 1_000 }, () => 503);
  await using service = await startService(away);
  const audit = await openAudit(folder.file, {
    sinks: {
      ...BASICS.sinks,
      'decision-log': { url: service.url, timeoutMs: 15_000, batchBytes: 1_000 },
      maxBehind: 1_000,
    },
  });
  await fill(audit, 10);
  const { length } = linesOf(folder.file);
  await expect.poll(() => audit.status().undelivered).toEqual({ 'decision-log': length });
  away.length = 0;
  await expect.poll(() => audit.status().undelivered).toEqual({ 'decision-log': 0 });
  await audit.close();
});

test.concurrent('sinks restart after their thread dies, and continue where they stopped', async ({
  expect,
}) => {
  await using folder = createFolder();
  await using service = await startService([]);
  const cursor = `${folder.file}.decision-log`;
  mkdirSync(cursor);
  const died = Promise.withResolvers<string>();
  const audit = await openAudit(folder.file, {
    sinks: {
      ...BASICS.sinks,
      'decision-log': { url: service.url, timeoutMs: 15_000, batchBytes: 4_000 },
      maxBehind: 1_000_000,
    },
    warn: (message) =>
      /thread died.*decision-log is not a regular file/.test(message) && died.resolve(message),
  });
  await died.promise;
  rmdirSync(cursor);
  await fill(audit, 4);
  await expect.poll(() => service.received.length).toBe(linesOf(folder.file).length);
  await audit.close();
  expect(service.received.map(({ seq }) => seq)).toEqual(
    linesOf(folder.file).map(({ seq }) => seq),
  );
});

test.concurrent('sinks whose thread has ended do not keep the log from closing', async () => {
  await using folder = createFolder();
  // A cursor that cannot be read ends the thread.
  mkdirSync(`${folder.file}.decision-log`);
  const ended = Promise.withResolvers<string>();
  const audit = await openAudit(folder.file, {
    sinks: {
      ...BASICS.sinks,
      'decision-log': { url: 'http://127.0.0.1:9/', timeoutMs: 100, batchBytes: 4_000 },
      maxBehind: 1_000_000,
    },
    warn: (message) => /not a regular file/.test(message) && ended.resolve(message),
  });
  await ended.promise;
  await setTimeout(100);
  await audit.close();
  expect(linesOf(folder.file).at(-1)).toMatchObject({ kind: 'shutdown' });
});

test.concurrent('standard output gets one line per entry', async () => {
  await using folder = createFolder();
  const path = join(folder.path, 'out');
  const fd = openSync(path, 'w');
  await createStdoutSink(async () => undefined, fd).send([
    { bytes: Buffer.from('{"a":1}'), labels: {} },
    { bytes: Buffer.from('{}'), labels: {} },
  ]);
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n{}\n');
});

test.concurrent('a full pipe on standard output is waited for, and gets each byte once', async () => {
  await using folder = createFolder();
  const path = join(folder.path, 'pipe');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const pieces: Buffer[] = [];
  const drain = async () => {
    const piece = Buffer.alloc(50_000);
    pieces.push(piece.subarray(0, readSync(fd, piece)));
  };
  const lines = Array.from({ length: 20 }, (_, number) => ({
    bytes: Buffer.from(String(number).repeat(10_000)),
    labels: {},
  }));
  let waits = 0;
  const wait = () => {
    waits += 1;
    return drain();
  };
  await createStdoutSink(wait, fd).send(lines);
  const whole = lines.map(({ bytes }) => `${bytes}\n`).join('');
  while (Buffer.concat(pieces).length < whole.length) await drain();
  expect(Buffer.concat(pieces).toString() === whole).toBe(true);
  expect(waits).toBeGreaterThan(1);
  closeSync(fd);
});
