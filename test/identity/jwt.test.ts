import { createHmac } from 'node:crypto';
import { base64url } from 'jose';
import { describe, expect, test } from 'vitest';
import { createJwtIdentifier, type JwtKeys } from '../../src/identity/jwt.ts';
import { arrival, never } from './arrivals.ts';
import {
  bearer,
  createSigner,
  ISSUER,
  keysOf,
  options,
  type Signer,
  signer,
  token,
} from './tokens.ts';

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

function unsigned(header: object): string {
  const claims = { sub: 'admin', iss: ISSUER, aud: 'krp', exp: 9_999_999_999 };
  return `${part(header)}.${part(claims)}.`;
}

function hmac(of: Signer): string {
  const text = unsigned({ alg: 'HS256', kid: of.kid }).slice(0, -1);
  return `${text}.${createHmac('sha256', of.spki).update(text).digest('base64url')}`;
}

const part = (value: object): string => base64url.encode(JSON.stringify(value));
