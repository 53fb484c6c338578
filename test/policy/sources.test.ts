import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReloadEvent } from '../../src/policy/loading/loader.ts';
import type { DecisionPoint } from '../../src/policy/point.ts';
import { type HttpService, serving, startHttpService } from './http-service.ts';
import { openPoint, type PointChanges } from './open-point.ts';
import { withManifest } from './tar.ts';
import { archive, EXAMPLE, resolved } from './values.ts';

const good = archive(EXAMPLE);
const next = withManifest(good, { revision: 'next' });
let folder: string;
let points: DecisionPoint[];
let events: ReloadEvent[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-'));
  points = [];
  events = [];
});
afterEach(() => Promise.all(points.map((point) => point.close())));

async function open(source: string, more: PointChanges = {}) {
  const point = await openPoint({
    source,
    onReload: (event) => events.push(event),
    ...more,
  });
  points.push(point);
  return point;
}

describe('a bundle in a file', () => {
  it('that is missing is reported in one clear sentence', async () => {
    await expect(open(join(folder, 'none.tar.gz'))).rejects.toThrow(
      /^policy\.source: there is no policy bundle at .*none\.tar\.gz that can be read$/,
    );
  });

  it('that is a FIFO never blocks, at start or in place of a serving bundle', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    await expect(open(fifo)).rejects.toThrow(
      `policy.source: the policy bundle ${fifo} is not a regular file`,
    );
    const file = join(folder, 'bundle.tar.gz');
    writeFileSync(file, good);
    const point = await open(file, { bundle: { watchIntervalMs: 10 } });
    renameSync(fifo, file);
    await expect.poll(() => point.status().failures).toBe(1);
    expect(point.status()).toMatchObject({ revision: 'example-2' });
  });

  it('is reloaded when replaced, and still serves when replaced by a bad one', async () => {
    const file = join(folder, 'bundle.tar.gz');
    const put = (bytes: Buffer) => {
      writeFileSync(`${file}.new`, bytes);
      renameSync(`${file}.new`, file);
    };
    put(good);
    const point = await open(file, { bundle: { watchIntervalMs: 10 } });
    expect(point.status()).toMatchObject({ revision: 'example-2', activations: 1, stale: false });
    put(next);
    await expect.poll(() => point.status().revision).toBe('next');
    put(next.subarray(0, 15_000));
    await expect.poll(() => point.status().failures).toBe(1);
    expect(point.status()).toMatchObject({
      revision: 'next',
      error: expect.stringMatching(/gzip/),
    });
    expect(await point.decide(resolved(), 'request')).toMatchObject({
      effect: 'allow',
      revision: 'next',
    });
    expect(events.map(({ outcome }) => outcome)).toEqual(['activated', 'activated', 'refused']);
  });

  it('that is removed is reported once, still serves, and recovers when it is back', async () => {
    const file = join(folder, 'bundle.tar.gz');
    writeFileSync(file, good);
    const point = await open(file, { bundle: { watchIntervalMs: 10 } });
    renameSync(file, `${file}.gone`);
    await expect.poll(() => point.status().failures).toBe(1);
    expect(point.status()).toMatchObject({ error: expect.stringMatching(/no policy bundle at/) });
    expect(point.decide(resolved(), 'request')).toMatchObject({ effect: 'allow' });
    await new Promise((pass) => setTimeout(pass, 100));
    renameSync(`${file}.gone`, file);
    await expect.poll(() => point.status().error).toBe('');
    expect(events.map(({ outcome }) => outcome)).toEqual(['activated', 'refused', 'unchanged']);
  });

  it('that is replaced while it is opened is still noticed', async () => {
    const file = join(folder, 'bundle.tar.gz');
    writeFileSync(file, good);
    const onReload = () => writeFileSync(file, next);
    const point = await open(file, { bundle: { watchIntervalMs: 10 }, onReload });
    await expect.poll(() => point.status().revision).toBe('next');
  });

  it('that is unchanged makes no new generation', async () => {
    copyFileSync(EXAMPLE, join(folder, 'b'));
    const point = await open(join(folder, 'b'));
    const { bundle } = await point.decide(resolved(), 'request');
    await point.reload();
    expect((await point.decide(resolved(), 'request')).bundle).toBe(bundle);
    expect(events.map(({ outcome }) => outcome)).toEqual(['activated', 'unchanged']);
  });

  it('above the size limit is refused unread', async () => {
    await expect(open(EXAMPLE, { bundle: { maxBytes: 1_000 } })).rejects.toThrow(
      `the policy bundle ${EXAMPLE} is larger than 1000 bytes`,
    );
  });
});

describe('a folder of Rego', () => {
  beforeEach(() => void vi.stubEnv('PATH', folder));
  afterEach(() => void vi.unstubAllEnvs());

  it('without opa to compile it is refused, with how to build a bundle', async () => {
    await expect(open('policies/example')).rejects.toThrow(
      /^policy\.source: policies\/example is a folder of Rego, and opa is not on the PATH to compile it; install OPA, or build a bundle where OPA is, by kms-reencrypt-proxy policy build, and name that$/,
    );
  });

  it('without Rego is refused, and says so', async () => {
    await expect(open(folder)).rejects.toThrow(
      /has no \.rego file; name a folder of Rego or a built/,
    );
  });
});

describe('a bundle service', () => {
  let service: HttpService;
  beforeEach(async () => {
    service = await startHttpService();
  });
  afterEach(() => service.close());

  const quick = { minDelayMs: 10, maxDelayMs: 20 };

  it('is asked for whole bundles, with the ETag of what serves and the bearer token', async () => {
    service.answer = serving(good, '"1"');
    const point = await open(service.url, {
      bundle: { service: { bearerToken: async () => 't' } },
    });
    await point.reload();
    expect(service.requests[0]).toMatchObject({
      prefer: 'modes=snapshot',
      authorization: 'Bearer t',
    });
    expect(service.requests[0]).not.toHaveProperty('if-none-match');
    expect(service.requests[1]).toHaveProperty('if-none-match', '"1"');
    expect(events.map(({ outcome }) => outcome)).toEqual(['activated', 'unchanged']);
    service.answer = serving(next, '"2"');
    await point.reload();
    expect(point.status().revision).toBe('next');
  });

  it('is polled', async () => {
    service.answer = serving(good, '"1"');
    const point = await open(service.url, { bundle: { service: quick } });
    service.answer = serving(next, '"2"');
    await expect.poll(() => point.status().revision).toBe('next');
  });

  it('gets no ETag after it sent a bundle that cannot serve', async () => {
    service.answer = serving(good, '"1"');
    const point = await open(service.url);
    service.answer = serving(Buffer.from('rubbish'), '"2"');
    await expect(point.reload()).rejects.toThrow(/gzip/);
    service.answer = serving(next, '"2"');
    await point.reload();
    expect(service.requests[2]).not.toHaveProperty('if-none-match');
    expect(point.status().revision).toBe('next');
  });

  it('may hold a request (long polling), and is asked again at once', async () => {
    service.answer = (response, headers) => {
      response.setHeader('content-type', 'application/vnd.openpolicyagent.bundles');
      if (headers['if-none-match'] !== '"1"') response.writeHead(200, { etag: '"1"' }).end(good);
      else setTimeout(() => response.writeHead(200, { etag: '"2"' }).end(next), 30);
    };
    const point = await open(service.url, {
      bundle: { service: { longPollingTimeoutSeconds: 5 } },
    });
    await expect.poll(() => point.status().revision).toBe('next');
    expect(service.requests[1]).toHaveProperty('prefer', 'modes=snapshot;wait=5');
  });

  // biome-ignore format: a table reads best with a case a line.
  const BAD: readonly [string, HttpService['answer'], RegExp][] = [
    ['an error', (response) => response.writeHead(503).end(), /answers 503/],
    ['a redirect', (response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(), /answers 302/],
    ['too much', (response) => response.writeHead(200).end(Buffer.alloc(2 << 20)), /more than 1048576 bytes/],
    ['a switch of protocol', (response) => response.writeHead(101, { connection: 'upgrade', upgrade: 'h2c' }).end(), /does not answer/],
    ['nothing', (response) => response.destroy(), /cannot be asked: ECONNRESET/],
  ];
  it.each(BAD)('that answers with %s leaves what serves', async (_name, answer, sentence) => {
    service.answer = serving(good, '"1"');
    const point = await open(service.url, { bundle: { maxBytes: 1 << 20 } });
    service.answer = answer;
    await expect(point.reload()).rejects.toThrow(sentence);
    expect(point.status()).toMatchObject({ revision: 'example-2', failures: 1 });
  });

  it('that is down at start leaves no policy, so calls are refused', async () => {
    const point = await open(service.url, { bundle: { service: quick } });
    expect(point.status()).toMatchObject({ revision: '', stale: true });
    expect(await point.decide(resolved(), 'request')).toMatchObject({
      effect: 'deny',
      failure: 'POLICY_NOT_LOADED',
    });
    service.answer = serving(good, '"1"');
    await expect.poll(() => point.status().stale).toBe(false);
  });

  it('is named without its credentials', async () => {
    const { host, pathname } = new URL(service.url);
    const point = await open(`http://me:secret@${host}${pathname}?signature=secret`);
    const name = `http://${host}${pathname}?…`;
    expect(point.status()).toMatchObject({ source: name, error: expect.stringContaining(name) });
    expect(JSON.stringify([point.status(), events])).not.toContain('secret');
    service.answer = serving(good, '"1"');
    await point.reload();
    const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    expect(service.requests).toMatchObject([{ authorization }, { authorization }]);
  });

  it('that answers 304 to the first request has failed', async () => {
    service.answer = (response) => response.writeHead(304).end();
    const point = await open(service.url);
    expect(point.status()).toMatchObject({ failures: 1, error: expect.stringContaining('304') });
    expect(point.status().lastSuccess).toBe(0);
  });

  it('that is down at start is replaced by the last good bundle', async () => {
    const persist = join(folder, 'deep', 'policy.tar.gz');
    service.answer = serving(good, '"1"');
    await open(service.url, { bundle: { persist } });
    expect(readFileSync(persist)).toEqual(good);
    expect(statSync(persist).mode & 0o777).toBe(0o600);
    service.answer = (response) => response.writeHead(500).end();
    const point = await open(service.url, { bundle: { persist } });
    expect(await point.decide(resolved(), 'request')).toMatchObject({ effect: 'allow' });
    expect(events.at(-1)).toMatchObject({
      outcome: 'activated',
      sentence: expect.stringContaining('policy.service.persist'),
    });
  });

  it('that sends the same bundle renews the time of the kept one without rewriting it', async () => {
    const persist = join(folder, 'policy.tar.gz');
    service.answer = (response) => response.writeHead(200).end(good);
    const point = await open(service.url, { bundle: { persist } });
    const { ino } = statSync(persist);
    const long = new Date(Date.now() - 60_000);
    utimesSync(persist, long, long);
    await point.reload();
    expect(statSync(persist).ino).toBe(ino);
    expect(statSync(persist).mtimeMs).toBeGreaterThan(long.getTime());
  });

  it('that is down at start is replaced only until max_staleness_ms', async () => {
    const persist = join(folder, 'policy.tar.gz');
    service.answer = serving(good, '"1"');
    await open(service.url, { bundle: { persist } });
    service.answer = (response) => response.writeHead(500).end();
    const savedAt = new Date(Date.now() - 60_000);
    utimesSync(persist, savedAt, savedAt);
    const kept = { persist, maxStalenessMs: 30_000 };
    const point = await open(service.url, { bundle: kept });
    expect(point.status()).toMatchObject({ lastSuccess: savedAt.getTime(), stale: true });
    expect(await point.decide(resolved(), 'request')).toMatchObject({ failure: 'POLICY_STALE' });
  });

  it('that is down at start with a bad kept bundle leaves no policy until it is back', async () => {
    const persist = join(folder, 'policy.tar.gz');
    writeFileSync(persist, 'rubbish');
    const point = await open(service.url, { bundle: { persist, service: quick } });
    expect(point.status()).toMatchObject({ revision: '', stale: true });
    expect(events.slice(0, 2).map(({ sentence }) => sentence)).toEqual([
      expect.stringContaining('answers 500'),
      expect.stringMatching(
        /policy\.service\.persist kept cannot stand in: .* not a complete gzipped tar/,
      ),
    ]);
    service.answer = serving(good, '"1"');
    await expect.poll(() => readFileSync(persist)).toEqual(good);
    expect(point.status()).toMatchObject({ revision: 'example-2', stale: false });
  });

  it('whose bundle cannot be kept does not renew an older one, and is kept later', async () => {
    const persist = join(folder, 'policy.tar.gz');
    service.answer = serving(good, '"1"');
    const point = await open(service.url, { bundle: { persist } });
    const keptAt = new Date(0);
    utimesSync(persist, keptAt, keptAt);
    service.answer = serving(next, '"2"');
    mkdirSync(`${persist}.new`);
    await expect(point.reload()).rejects.toThrow(/cannot be kept in policy\.service\.persist/);
    await expect(point.reload()).rejects.toThrow(/cannot be kept in policy\.service\.persist/);
    expect(statSync(persist).mtime).toEqual(keptAt);
    rmdirSync(`${persist}.new`);
    await point.reload();
    expect(readFileSync(persist)).toEqual(next);
    expect(point.status()).toMatchObject({ revision: 'next', activations: 2, error: '' });
  });

  it('that is silent for too long makes the policy stale, until it answers', async () => {
    let now = Date.now();
    service.answer = serving(good, '"1"');
    const point = await open(service.url, { now: () => now, bundle: { maxStalenessMs: 1_000 } });
    now += 1_001;
    expect(await point.decide(resolved(), 'request')).toMatchObject({
      effect: 'deny',
      failure: 'POLICY_STALE',
    });
    expect(point.status().stale).toBe(true);
    await point.reload();
    expect(await point.decide(resolved(), 'request')).toMatchObject({ effect: 'allow' });
  });
});
