import { mkdirSync, readFileSync, rmdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HttpService, serving, startHttpService } from '../http-service.ts';
import { resolved } from '../values.ts';
import { good, next, useSources } from './use-sources.ts';

const world = useSources();
const { open } = world;

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
    expect(world.events.map(({ outcome }) => outcome)).toEqual(['activated', 'unchanged']);
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
    expect(JSON.stringify([point.status(), world.events])).not.toContain('secret');
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
    const persist = join(world.folder, 'deep', 'policy.tar.gz');
    service.answer = serving(good, '"1"');
    await open(service.url, { bundle: { persist } });
    expect(readFileSync(persist)).toEqual(good);
    expect(statSync(persist).mode & 0o777).toBe(0o600);
    service.answer = (response) => response.writeHead(500).end();
    const point = await open(service.url, { bundle: { persist } });
    expect(await point.decide(resolved(), 'request')).toMatchObject({ effect: 'allow' });
    expect(world.events.at(-1)).toMatchObject({
      outcome: 'activated',
      sentence: expect.stringContaining('policy.service.persist'),
    });
  });

  it('that sends the same bundle renews the time of the kept one without rewriting it', async () => {
    const persist = join(world.folder, 'policy.tar.gz');
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
    const persist = join(world.folder, 'policy.tar.gz');
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
    const persist = join(world.folder, 'policy.tar.gz');
    writeFileSync(persist, 'rubbish');
    const point = await open(service.url, { bundle: { persist, service: quick } });
    expect(point.status()).toMatchObject({ revision: '', stale: true });
    expect(world.events.slice(0, 2).map(({ sentence }) => sentence)).toEqual([
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
    const persist = join(world.folder, 'policy.tar.gz');
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
