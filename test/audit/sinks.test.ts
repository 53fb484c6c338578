import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import { repeatedKey } from '../../src/json/exact.ts';
import { BASICS } from './basics.ts';
import { fill } from './fault-world.ts';
import { startReceiver } from './receiver.ts';
import { answered, intended } from './samples.ts';
import { createFolder, openAudit } from './world.ts';

interface Received {
  readonly kind: string;
  readonly seq: number;
}

/** A decision log service that answers with the given statuses in turn, then with 200. */
async function startService(statuses: number[]) {
  const received: Received[] = [];
  const requests: (string | undefined)[] = [];
  const receiver = await startReceiver(({ method, url, headers }, body) => {
    requests.push(`${method} ${url} ${headers['content-encoding']}`);
    const status = statuses.shift() ?? 200;
    const text = gunzipSync(body).toString();
    // A strict service refuses an event that says something twice.
    const repeated = repeatedKey(text) !== undefined;
    if (status === 200 && !repeated) received.push(...JSON.parse(text));
    return repeated ? 400 : status;
  });
  return { ...receiver, received, requests };
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
  // Longer than calls wait for a sink: none that was answered may count as late.
  await setTimeout(400);
  expect(warned.filter((sentence) => sentence.includes('have what they lacked'))).toHaveLength(1);
  await audit.close();
}, 16_000);

test.concurrent('a call waits for its own entry in a required sink, not for that of another', async ({
  expect,
}) => {
  await using folder = createFolder();
  const statuses: number[] = [];
  await using service = await startService(statuses);
  const audit = await openAudit(folder.file, {
    commitTimeoutMs: 1_500,
    sinks: {
      ...BASICS.sinks,
      'decision-log': { url: service.url, timeoutMs: 15_000, batchBytes: 1 },
      required: ['file', 'decision-log'],
      maxBehind: 1_000_000,
    },
  });
  // The first may be late: the sinks' thread only starts.
  await audit.intent(intended(0)).catch(() => undefined);
  await expect.poll(() => audit.status().undelivered).toEqual({ 'decision-log': 0 });
  const { length: before } = service.requests;
  statuses.push(503, 200, ...Array.from({ length: 1_000 }, () => 503));
  const one = audit.intent(intended(1));
  await expect.poll(() => service.requests.length).toBe(before + 1);
  const calls = await Promise.allSettled([one, audit.intent(intended(2))]);
  expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  await audit.close();
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
      'decision-log': { url: service.url, timeoutMs: 15_000, batchBytes: 1_000 },
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

test.concurrent('a sinks’ thread that dies of the same again is started more and more rarely', async ({
  expect,
}) => {
  await using folder = createFolder();
  mkdirSync(`${folder.file}.decision-log`);
  const died: number[] = [];
  const audit = await openAudit(folder.file, {
    sinks: {
      ...BASICS.sinks,
      'decision-log': { url: 'http://127.0.0.1:9/', timeoutMs: 100, batchBytes: 4_000 },
      maxBehind: 1_000_000,
    },
    warn: (message) => /thread died/.test(message) && died.push(performance.now()),
  });
  await expect.poll(() => died.length, { timeout: 15_000 }).toBe(3);
  await audit.close();
  const [first = 0, second = 0, third = 0] = died;
  expect(second - first).toBeLessThan(3_500);
  expect(third - second).toBeGreaterThan(3_900);
});
