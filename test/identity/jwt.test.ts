import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  base64url,
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  SignJWT,
} from 'jose';
import { stdSerializers } from 'pino';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Principal } from '../../src/call.ts';
import { createFileKeys, createUrlKeys } from '../../src/identity/jwks.ts';
import { createJwtIdentifier, type JwtKeys, type JwtOptions } from '../../src/identity/jwt.ts';
import { arrival, never } from './arrivals.ts';

interface Signer {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  readonly spki: string;
}

const ISSUER = 'https://issuer.example';
const algorithms = ['ES256', 'RS256'];
let folder: string;
let signer: Signer;

async function createSigner(alg = 'ES256'): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const kid = randomUUID();
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  return { kid, privateKey, jwk, spki: await exportSPKI(publicKey) };
}

function token(claims: Record<string, unknown> = {}, from = signer, header = {}): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + 300;
  return new SignJWT({ sub: 'billing', iss: ISSUER, aud: 'krp', exp, ...claims })
    .setProtectedHeader({ alg: String(from.jwk.alg), kid: from.kid, ...header })
    .sign(from.privateKey);
}

async function keysOf(...signers: Signer[]): Promise<JwtKeys & { file: string; close(): void }> {
  const file = join(folder, `${randomUUID()}.json`);
  await writeFile(file, JSON.stringify({ keys: signers.map(({ jwk }) => jwk) }));
  return { file, ...(await createFileKeys({ file, algorithms, pollMs: 20, onError: () => {} })) };
}

const options = (keys: JwtKeys): JwtOptions => ({
  issuer: ISSUER,
  audience: ['krp'],
  algorithms,
  clockToleranceMs: 5000,
  cacheMs: 60_000,
  subjectClaim: 'sub',
  claims: ['groups', 'tenant', 'level'],
  keys,
  now: Date.now,
});

const bearer = (jwt: string) => arrival({ authorization: `Bearer ${jwt}` });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jwt-'));
  signer = await createSigner();
});

describe('a bearer token', () => {
  test('that verifies identifies the principal, with the configured claims', async () => {
    const identify = createJwtIdentifier(options(await keysOf(signer)));
    const claims = { groups: ['a', 'b', 'c d', 7], level: 3, secret: 'x', tenant: null };
    expect(await identify(bearer(await token(claims)), never)).toEqual({
      id: 'billing',
      kind: 'jwt',
      authenticated: true,
      spiffe: { trustDomain: '', path: '' },
      attributes: { issuer: ISSUER, groups: 'a b', level: '3' },
    });
  });

  test('may be long, and have claims that are booleans, or text that looks like a large number', async () => {
    const identify = createJwtIdentifier(options(await keysOf(signer)));
    const others = 'x'.repeat(5500);
    const claims = { level: false, tenant: '9007199254740993', groups: [], others };
    expect(await identify(bearer(await token(claims)), never)).toMatchObject({
      attributes: { issuer: ISSUER, level: 'false', tenant: '9007199254740993', groups: '' },
    });
  });

  test('that is absent leaves the caller to the next method', async () => {
    const identify = createJwtIdentifier(options(await keysOf(signer)));
    expect(identify(arrival(), never)).toBeUndefined();
  });

  test('that fails a check is refused, and the error says which', async () => {
    const identify = createJwtIdentifier(options(await keysOf(signer)));
    const now = Math.floor(Date.now() / 1000);
    const other = await createSigner();
    const [head = '', body = '', signature = ''] = (await token()).split('.');
    const cases: readonly [string, string, RegExp][] = [
      ['of an unknown key', `Bearer ${await token({}, other)}`, /could not be verified/],
      [
        'of another key under a known kid',
        `Bearer ${await token({}, { ...other, kid: signer.kid })}`,
        /could not/,
      ],
      ['expired', `Bearer ${await token({ exp: now - 60 })}`, /expired/],
      ['without an end', `Bearer ${await token({ exp: undefined })}`, /exp is not accepted/],
      ['not valid yet', `Bearer ${await token({ nbf: now + 60 })}`, /nbf is not accepted/],
      ['of another issuer', `Bearer ${await token({ iss: 'https://evil.example' })}`, /iss is not/],
      ['for another audience', `Bearer ${await token({ aud: 'other' })}`, /aud is not accepted/],
      ['without a subject', `Bearer ${await token({ sub: undefined })}`, /sub is not accepted/],
      ['with an empty subject', `Bearer ${await token({ sub: '' })}`, /sub must be text/],
      ['with a subject that is no text', `Bearer ${await token({ sub: 7 })}`, /sub must be text/],
      ['with a subject of two lines', `Bearer ${await token({ sub: 'a\nb' })}`, /must be text/],
      ['with half a character', `Bearer ${await token({ sub: 'a\ud800' })}`, /must be text/],
      ['with a mended character', `Bearer ${await token({ sub: 'a\ufffd' })}`, /must be text/],
      [
        'with a claim of half a character',
        `Bearer ${await token({ tenant: 'a\ud800' })}`,
        /exactly/,
      ],
      [
        'with half a character in a list',
        `Bearer ${await token({ groups: ['\udfff'] })}`,
        /exactly/,
      ],
      [
        'with a number that is rounded to another’s',
        `Bearer ${await token({ tenant: 2 ** 53 + 2 })}`,
        /tenant cannot be read exactly/,
      ],
      ['with a claim that is no text', `Bearer ${await token({ tenant: { a: 1 } })}`, /exactly/],
      ['with alg none', `Bearer ${unsigned({ alg: 'none' })}`, /algorithm is not accepted/],
      ['with HMAC over the public key', `Bearer ${hmac(signer)}`, /algorithm is not accepted/],
      [
        'with a kid that is a path',
        `Bearer ${await token({}, signer, { kid: '../../dev/null' })}`,
        /could not/,
      ],
      [
        'with a kid that is a query',
        `Bearer ${await token({}, signer, { kid: "' OR 1=1" })}`,
        /could not/,
      ],
      [
        'that brings its own key',
        `Bearer ${await token({}, other, { jwk: other.jwk })}`,
        /could not/,
      ],
      [
        'with a critical extension',
        `Bearer ${await token({}, signer).then(() => unsigned({ alg: 'ES256', kid: signer.kid, crit: ['x'], x: 1 }))}`,
        /could not/,
      ],
      ['with a changed body', `Bearer ${head}.${body.slice(0, -2)}AA.${signature}`, /could not/],
      ['with a cut signature', `Bearer ${head}.${body}.${signature.slice(0, 10)}`, /could not/],
      ['that is huge', `Bearer ${'a'.repeat(100_000)}`, /too long/],
      ['that is no token', 'Bearer x', /could not/],
      ['that is empty', 'Bearer ', /must be a bearer token/],
      ['of another scheme', 'Basic dXNlcjpwYXNz', /must be a bearer token/],
    ];
    for (const [what, authorization, says] of cases) {
      await expect(identify(arrival({ authorization }), never), what).rejects.toMatchObject({
        reason: 'UNAUTHENTICATED',
        message: expect.stringMatching(says),
      });
    }
  });

  test('is verified once, and believed only until it expires', async () => {
    let asked = 0;
    let now = Date.now();
    const keys = await keysOf(signer);
    const find: JwtKeys['find'] = (header, jws) => {
      asked += 1;
      return keys.find(header, jws);
    };
    const identify = createJwtIdentifier({ ...options({ ...keys, find }), now: () => now });
    const exp = Math.floor(now / 1000) + 30;
    const here = bearer(await token({ exp }));
    await identify(here, never);
    now = exp * 1000 + 4900;
    await identify(here, never);
    expect(asked).toBe(1);
    // The issuer's clock may differ from ours by 5 s.
    const other = bearer(await token({ exp, n: 1 }));
    expect(await identify(other, never)).toMatchObject({ id: 'billing' });
    now += 200;
    for (const late of [here, other]) {
      await expect(Promise.resolve(identify(late, never))).rejects.toThrow('expired');
    }
  });
});

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
    const file = join(folder, 'useless.json');
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

function unsigned(header: object): string {
  const claims = { sub: 'admin', iss: ISSUER, aud: 'krp', exp: 9_999_999_999 };
  return `${part(header)}.${part(claims)}.`;
}

function hmac(of: Signer): string {
  const text = unsigned({ alg: 'HS256', kid: of.kid }).slice(0, -1);
  return `${text}.${createHmac('sha256', of.spki).update(text).digest('base64url')}`;
}

const SMALL_RSA = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({
  format: 'jwk',
}) as JWK;

const part = (value: object): string => base64url.encode(JSON.stringify(value));

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
