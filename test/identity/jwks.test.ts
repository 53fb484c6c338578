import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JWK } from 'jose';
import { stdSerializers } from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Principal } from '../../src/call.ts';
import { createFileKeys, createUrlKeys } from '../../src/identity/jwks.ts';
import { createJwtIdentifier } from '../../src/identity/jwt.ts';
import { never } from './arrivals.ts';
import { algorithms, bearer, createSigner, keysOf, options, signer, token } from './tokens.ts';

describe('keys', () => {
  test('in a file are reloaded when it changes; tokens of the old ones are then refused', async () => {
    const keys = await keysOf(signer);
    const identify = createJwtIdentifier(options(keys));
    const old = bearer(await token());
    await identify(old, never);
    const next = await createSigner('RS256');
    await writeFile(keys.file, JSON.stringify({ keys: [next.jwk] }));
    await expect.poll(() => keys.generation()).toBeGreaterThan(0);
    expect(await identify(bearer(await token({}, next)), never)).toMatchObject({ id: 'billing' });
    await expect(Promise.resolve(identify(old, never))).rejects.toThrow('could not be verified');
    keys.close();
  });

  test('are kept while the file is broken, which is reported once', async () => {
    const errors: string[] = [];
    const { file } = await keysOf(signer);
    const onError = (error: Error) => errors.push(stdSerializers.err(error).message);
    const keys = await createFileKeys({ file, algorithms, pollMs: 20, onError });
    await writeFile(file, '{"keys": [');
    await expect.poll(() => errors[0]).toContain('is not a JSON Web Key Set');
    const identify = createJwtIdentifier(options(keys));
    expect(await identify(bearer(await token()), never)).toMatchObject({ id: 'billing' });
    await sleep(100);
    expect(errors).toEqual([...new Set(errors)]);
    expect(errors[0]).not.toMatch(/: (.+): \1$/);
    keys.close();
  });

  test.each<[string, () => JWK[], string]>([
    ['exist', () => [], 'it has no keys'],
    ['be of use', () => [{ ...signer.jwk, use: 'enc' }], 'none of its keys is public and for'],
  ])('in a file must %s at start-up', async (_, keys, why) => {
    const file = join(mkdtempSync(join(tmpdir(), 'jwks-')), 'useless.json');
    await writeFile(file, JSON.stringify({ keys: keys() }));
    const source = { file, algorithms, pollMs: 1000, onError: () => {} };
    await expect(createFileKeys(source)).rejects.toThrow(
      `${file} is not a JSON Web Key Set: ${why}`,
    );
  });

  test.each<[string, (jwk: JWK) => JWK]>([
    ['for encryption', (jwk) => ({ ...jwk, use: 'enc' })],
    ['for another algorithm', (jwk) => ({ ...jwk, alg: 'ES384' })],
    ['broken', (jwk) => ({ ...jwk, x: 'AAAA' })],
    ['of RSA with 1,024 bits', () => SMALL_RSA],
  ])('that are all %s do not take the place of good ones, and that is told', async (_, spoil) => {
    let current = signer.jwk;
    const served = await serveKeys(() => [current]);
    const told: string[] = [];
    const times = { refreshMs: 20, maxAgeMs: 60_000, timeoutMs: 5000 };
    const onError = ({ message }: Error) => told.push(message);
    const keys = createUrlKeys({ url: served.url, algorithms, ...times, onError });
    await expect.poll(() => keys.usable()).toBe(true);
    current = spoil(current);
    await expect.poll(() => told[0]).toContain('none of its keys is public and for ES256,RS256');
    const identify = createJwtIdentifier(options(keys));
    expect(await identify(bearer(await token()), never)).toMatchObject({ id: 'billing' });
    keys.close();
    served.close();
  });

  test('behind a URL are fetched once for many tokens', async () => {
    const served = await serveKeys(() => [signer.jwk]);
    const keys = createUrlKeys({
      url: served.url,
      algorithms,
      refreshMs: 60_000,
      maxAgeMs: 60_000,
      timeoutMs: 1000,
      onError: () => {},
    });
    const identify = createJwtIdentifier(options(keys));
    const found: (Principal | undefined)[] = [];
    for (let n = 0; n < 3; n += 1) found.push(await identify(bearer(await token({ n })), never));
    const again = bearer(await token());
    await identify(again, never);
    expect(identify(again, never)).not.toBeInstanceOf(Promise);
    expect(found.map((principal) => principal?.id)).toEqual(['billing', 'billing', 'billing']);
    expect(served.asked()).toBe(1);
    keys.close();
    served.close();
  });

  test('behind a URL that the issuer takes back no longer count, even for tokens verified before', async () => {
    let current = signer;
    const served = await serveKeys(() => [current.jwk]);
    const { url } = served;
    const times = { refreshMs: 20, maxAgeMs: 60_000, timeoutMs: 5000 };
    const keys = createUrlKeys({ url, algorithms, ...times, onError: () => {} });
    const identify = createJwtIdentifier(options(keys));
    const old = bearer(await token());
    const named = async () => (await identify(old, never))?.id;
    expect(await named()).toBe('billing');
    current = await createSigner();
    await expect.poll(() => named().catch(({ reason }) => reason)).toBe('UNAUTHENTICATED');
    keys.close();
    served.close();
  });

  test.each<[string, RegExp, (response: ServerResponse) => unknown]>([
    ['an error', /status 500/, (response) => response.writeHead(500).end()],
    ['no key set', /malformed/, (response) => response.end('{}')],
    ['another address', /status 302/, (response) => response.writeHead(302, OTHER).end()],
    ['a set of very many keys', /1000 keys/, (response) => response.end(MANY)],
    ['keys of no use', /none of its keys/, (response) => response.end(USELESS)],
    ['more than any keys', /bytes/, (response) => void pipeline(endless(), response).catch(none)],
  ])(
    'are requested at most once per second while the issuer answers with %s',
    async (_, why, answer) => {
      const served = await serve(answer);
      const onError = vi.fn<(error: Error) => void>();
      const url = new URL('?code=secret', served.url);
      const keys = createUrlKeys({
        ...{ url, algorithms, refreshMs: 60_000, maxAgeMs: 60_000, timeoutMs: 2000 },
        onError,
      });
      const identify = createJwtIdentifier(options(keys));
      const started = performance.now();
      for (let n = 0; n < 30; n += 1) {
        const arriving = bearer(await token({ n }, signer, { kid: `unknown ${n}` }));
        await expect(Promise.resolve(identify(arriving, never))).rejects.toThrow('verified');
      }
      const seconds = Math.floor((performance.now() - started) / 1000);
      expect(served.asked()).toBeLessThanOrEqual(1 + seconds);
      expect(onError.mock.calls[0]?.[0].message).toMatch(why);
      expect(onError.mock.calls[0]?.[0].message).toContain(served.url.href);
      expect(JSON.stringify(onError.mock.calls.map(([{ message }]) => message))).not.toContain(
        'secret',
      );
      const before = served.asked();
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1000);
      onTestFinished(() => void vi.restoreAllMocks());
      await expect(Promise.resolve(identify(bearer(await token()), never))).rejects.toThrow();
      expect(served.asked()).toBe(before + 1);
      keys.close();
      served.close();
    },
  );

  test('that cannot be fetched are reported at once, and tokens are refused without blame', async () => {
    const told: Error[] = [];
    const keys = createUrlKeys({
      url: new URL('http://127.0.0.1:1/jwks'),
      algorithms,
      refreshMs: 60_000,
      maxAgeMs: 60_000,
      timeoutMs: 500,
      onError: (error) => told.push(error),
    });
    await expect.poll(() => told).toHaveLength(1);
    expect(keys.usable()).toBe(false);
    const identify = createJwtIdentifier(options(keys));
    await expect(Promise.resolve(identify(bearer(await token()), never))).rejects.toMatchObject({
      reason: 'TOKEN_KEYS_UNAVAILABLE',
      message: 'No bearer token can be verified now: the issuer’s keys cannot be had.',
    });
    keys.close();
  });

  test('that are slow to come hold up only so many tokens, and known ones still verify', async () => {
    const held: ServerResponse[] = [];
    const send = (response: ServerResponse) => response.end(JSON.stringify({ keys: [signer.jwk] }));
    let holds = false;
    const served = await serve((response) => (holds ? held.push(response) : send(response)));
    const keys = createUrlKeys({
      ...{ url: served.url, algorithms, refreshMs: 600_000, maxAgeMs: 600_000, timeoutMs: 15_000 },
      onError: () => {},
    });
    const identify = createJwtIdentifier(options(keys));
    const asked = async (text: string) => identify(bearer(text), never);
    await asked(await token());
    const [known, foreign] = [await token({ n: 1 }), await token({}, signer, { kid: 'unknown' })];
    onTestFinished(() => void vi.useRealTimers());
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    holds = true;
    const waiting = Array.from({ length: 1000 }, (_, n) => asked(`${foreign.slice(0, -1)}${n}`));
    const all = Promise.allSettled(waiting);
    await expect(asked(foreign)).rejects.toMatchObject({ reason: 'TOKEN_KEYS_UNAVAILABLE' });
    await expect(asked(known)).resolves.toMatchObject({ id: 'billing' });
    await expect.poll(() => held).toHaveLength(1);
    held.forEach(send);
    const refused = { status: 'rejected', reason: { reason: 'UNAUTHENTICATED' } };
    expect(await all).toMatchObject(Array.from({ length: 1000 }, () => refused));
    keys.close();
    served.close();
  });

  test('that were fetched stay valid for their maximum age while the issuer is away', async () => {
    const served = await serveKeys(() => [signer.jwk]);
    const { url } = served;
    const maxAgeMs = 400;
    const times = { refreshMs: 60_000, maxAgeMs, timeoutMs: 500 };
    const keys = createUrlKeys({ url, algorithms, ...times, onError: () => {} });
    const identify = createJwtIdentifier(options(keys));
    const named = async () => Promise.resolve(identify(bearer(await token()), never));
    await expect(named()).resolves.toMatchObject({ id: 'billing' });
    const known = bearer(await token({ sub: 'orders' }));
    await expect(identify(known, never)).resolves.toMatchObject({ id: 'orders' });
    await new Promise((closed) => served.server.close(closed).closeAllConnections());
    await expect(named()).resolves.toMatchObject({ id: 'billing' });
    const foreign = bearer(await token({}, await createSigner()));
    await expect(Promise.resolve(identify(foreign, never))).rejects.toMatchObject({
      reason: 'UNAUTHENTICATED',
    });
    await expect.poll(() => keys.usable()).toBe(false);
    await expect(named()).rejects.toMatchObject({ reason: 'TOKEN_KEYS_UNAVAILABLE' });
    await expect(identify(known, never)).rejects.toMatchObject({
      reason: 'TOKEN_KEYS_UNAVAILABLE',
    });
    keys.close();
  });
});

const SMALL_RSA = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({
  format: 'jwk',
}) as JWK;

const serveKeys = (keys: () => readonly JWK[]) =>
  serve((response) => response.end(JSON.stringify({ keys: keys() })));

const OTHER = { location: '/other' };
const MANY = `{"keys":[${'{},'.repeat(1000)}{}]}`;
const USELESS = JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA' }] });
const none = () => {};

function* endless() {
  for (;;) yield Buffer.alloc(65_536, ' ');
}

async function serve(answer: (response: ServerResponse) => unknown) {
  let asked = 0;
  const server: Server = createServer((_, response) => {
    asked += 1;
    answer(response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    server,
    url: new URL(`http://127.0.0.1:${port}/jwks`),
    asked: () => asked,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
