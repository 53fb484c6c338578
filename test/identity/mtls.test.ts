import { X509Certificate } from 'node:crypto';
import process from 'node:process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/call.ts';
import { createMtlsIdentifier, type MtlsOptions } from '../../src/identity/mtls.ts';
import { parseSpiffeId } from '../../src/identity/spiffe-id.ts';
import { parseSubjectAltNames } from '../../src/identity/subject-alt-names.ts';
import { createAuthority, type Wants } from '../helpers/certificates.ts';
import { arrival, never } from './arrivals.ts';

const ca = createAuthority();
const BILLING = 'spiffe://example.org/ns/prod/sa/billing';

const OPTIONS: MtlsOptions = {
  trustDomains: () => [],
  ownTrustDomain: () => '',
  nameFrom: 'none',
  now: Date.now,
};

function identify(wants: Wants, options: Partial<MtlsOptions> = {}): Principal | undefined {
  const { der } = ca.issue(wants);
  const found = createMtlsIdentifier({ ...OPTIONS, ...options })(
    arrival({ certificate: der }),
    never,
  );
  if (found instanceof Promise) throw new Error('a certificate is read at once');
  return found;
}

describe('a SPIFFE ID', () => {
  test('names the principal', () => {
    const wants = { uris: [BILLING], dns: ['ignored.example'] };
    expect(identify(wants, { trustDomains: () => ['example.com', 'example.org'] })).toEqual({
      id: BILLING,
      kind: 'spiffe',
      authenticated: true,
      spiffe: { trustDomain: 'example.org', path: '/ns/prod/sa/billing' },
      attributes: { certificate_serial: expect.stringMatching(/^[0-9a-f]+$/) },
    });
  });

  test.each<[string, Wants, Partial<MtlsOptions>]>([
    ['two URI names', { uris: [BILLING, 'spiffe://example.org/admin'] }, {}],
    ['a SPIFFE ID and another URI', { uris: [BILLING, 'https://example.org'] }, {}],
    [
      'a quoted name that hides another',
      { uris: ['spiffe://x/y, URI:spiffe://example.org/a'] },
      {},
    ],
    ['only a trust domain', { uris: ['spiffe://example.org'] }, {}],
    ['a trailing slash', { uris: ['spiffe://example.org/a/'] }, {}],
    ['dot segments', { uris: ['spiffe://example.org/a/../admin'] }, {}],
    ['a segment of one dot', { uris: ['spiffe://example.org/a/./b'] }, {}],
    ['a query', { uris: ['spiffe://example.org/a?b'] }, {}],
    ['capitals in the scheme', { uris: ['SPIFFE://example.org/a'] }, {}],
    ['capitals in the trust domain', { uris: ['spiffe://Example.org/a'] }, {}],
    ['a port', { uris: ['spiffe://example.org:80/a'] }, {}],
    ['an escaped slash', { uris: ['spiffe://example.org/a%2fb'] }, {}],
    ['a NUL', { uris: ['spiffe://example.org/a\0b'] }, {}],
    ['the mark of a CA', { uris: [BILLING], ca: true }, {}],
    ['another trust domain', { uris: [BILLING] }, { trustDomains: () => ['example.com'] }],
    ['an end in the past', { uris: [BILLING], notAfter: new Date(Date.now() - 1000) }, {}],
    ['no SPIFFE ID', { dns: ['billing.example'] }, {}],
    ['a DNS name that looks like one', { dns: [`x, URI:${BILLING}`] }, {}],
  ])('is not taken from a certificate with %s', (_, wants, options) => {
    expect(() => identify(wants, options)).toThrow(
      expect.objectContaining({ reason: 'UNAUTHENTICATED' }),
    );
  });

  test('no longer identifies anyone once the certificate expires, even on an open connection', () => {
    let now = Date.now();
    const identifier = createMtlsIdentifier({ ...OPTIONS, now: () => now });
    const here = arrival({ certificate: ca.issue({ uris: [BILLING] }).der });
    expect(identifier(here, never)).toMatchObject({ id: BILLING });
    now += 2 * 3_600_000;
    expect(() => identifier(here, never)).toThrow('expired');
  });
});

describe('the configured name', () => {
  test.each<[MtlsOptions['nameFrom'], string]>([
    ['dns', 'billing.example'],
    ['email', 'billing@example.org'],
    ['uri', 'https://example.org/billing'],
    ['subject', 'CN=billing'],
  ])('%s identifies a principal without a SPIFFE ID', (nameFrom, id) => {
    const wants: Wants = {
      commonName: 'billing',
      dns: ['billing.example'],
      emails: ['billing@example.org'],
      uris: ['https://example.org/billing'],
    };
    expect(identify(wants, { nameFrom })).toMatchObject({ id, kind: 'mtls', authenticated: true });
  });

  test.each([
    ['example.org', ['example.org'], 'a.example'],
    ['another', ['other.example'], 'refused'],
    ['more than one', [], 'refused'],
  ])(
    'counts only if the CAs of our own trust domain vouch for it, here %s',
    (_, vouching, found) => {
      const own = { ...OPTIONS, nameFrom: 'dns', ownTrustDomain: () => 'example.org' } as const;
      const certificate = ca.issue({ dns: ['a.example'] }).der;
      const ask = () =>
        createMtlsIdentifier(own)(arrival({ certificate, trustDomains: vouching }), never);
      if (found === 'refused')
        expect(ask).toThrow('not signed by the CAs of its trust domain alone');
      else expect(ask()).toMatchObject({ id: found });
    },
  );

  test('may be a subject of several parts', () => {
    const wants = { commonName: 'billing', organization: 'Acme' };
    expect(identify(wants, { nameFrom: 'subject' })?.id).toBe('O=Acme\nCN=billing');
  });

  test.each([
    ['the only one of its kind', ['a.example', 'b.example']],
    ['more than an empty text', ['']],
  ])('must be %s', (_, dns) => {
    expect(() => identify({ dns }, { nameFrom: 'dns' })).toThrow('exactly one dns name');
  });

  test.each(['a.example\0.b', 'a.example\n'])('may not hide a control character: %j', (name) => {
    expect(() => identify({ dns: [name] }, { nameFrom: 'dns' })).toThrow('exactly one dns name');
    const { id = '' } = identify({ commonName: name }, { nameFrom: 'subject' }) ?? {};
    expect(id, 'Node escapes those of a subject').toMatch(/^CN=a\.example\\0[0A]/);
  });

  test('does not replace an invalid SPIFFE ID', () => {
    const wants = { dns: ['a.example'], uris: ['spiffe://example.org'] };
    expect(() => identify(wants, { nameFrom: 'dns' })).toThrow('not valid');
  });
});

test('a certificate is read once for all calls of a connection, also one that is refused', () => {
  const identifier = createMtlsIdentifier(OPTIONS);
  const dns = Array.from({ length: 2_000 }, (_, n) => `a${n}`);
  const here = arrival({ certificate: ca.issue({ dns }).der });
  const before = process.cpuUsage();
  for (let n = 0; n < 1_000; n += 1) expect(() => identifier(here, never)).toThrow('no SPIFFE ID');
  // 0.05 s; reading it again each time takes more than a second.
  expect(process.cpuUsage(before).user).toBeLessThan(500_000);
});

test('a caller without a certificate is left to the next method', () => {
  expect(createMtlsIdentifier(OPTIONS)(arrival(), never)).toBeUndefined();
});

test('names are read exactly as in the certificate, whatever characters they hold', () => {
  const name = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(name, { maxLength: 3 }), fc.array(name, { maxLength: 3 }), (uris, dns) => {
      const { cert } = ca.issue({ uris, dns });
      const text = new X509Certificate(cert).subjectAltName ?? '';
      expect(parseSubjectAltNames(text)).toEqual({ uri: uris, dns, email: [] });
    }),
    { numRuns: 150 },
  );
});

test.each(['URI:"x', 'URI', 'URI:a"b', 'DNS:a, URI:"x"y', 'DNS:a,URI:b'])(
  'malformed lists of names, such as %s, are refused',
  (text) => {
    expect(() => parseSubjectAltNames(text)).toThrow(SyntaxError);
  },
);

test('names of other kinds do not hide those that are read', () => {
  const text = 'IP Address:10.0.0.1, URI:spiffe://a/b, Registered ID:1.2.3, DNS:b.example';
  expect(parseSubjectAltNames(text)).toEqual({
    uri: ['spiffe://a/b'],
    dns: ['b.example'],
    email: [],
  });
});

test('a SPIFFE ID has up to 2,048 bytes', () => {
  const longest = 'spiffe://example.org/'.padEnd(2048, 'a');
  expect(parseSpiffeId(longest)).toMatchObject({ id: longest });
  expect(parseSpiffeId(`${longest}a`)).toBeUndefined();
});
