import { expect, test } from 'vitest';
import { createIdentify, type Identifier } from '../../src/identity/identify.ts';
import { createMtlsIdentifier } from '../../src/identity/mtls.ts';
import { createAccessKeyIdentifier, createUdsIdentifier } from '../../src/identity/named.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { arrival, never } from './arrivals.ts';

const WAYS: Readonly<Record<'mtls' | 'access_key' | 'uds', Identifier>> = {
  mtls: createMtlsIdentifier({
    trustDomains: () => [],
    ownTrustDomain: () => '',
    nameFrom: 'none',
    now: Date.now,
  }),
  access_key: createAccessKeyIdentifier(),
  uds: createUdsIdentifier(),
};

const createIdentity = (order: readonly (keyof typeof WAYS)[], require = false) =>
  createIdentify({ identifiers: order.map((way) => WAYS[way]), require, attributes: [] });

const ALL = ['mtls', 'access_key', 'uds'] as const;

const { der } = createAuthority().issue({ uris: ['spiffe://example.org/a'] });
const both = arrival({ certificate: der, socketIdentity: 'billing', accessKeyId: 'AKIDEXAMPLE' });

test('a caller without credentials is anonymous', async () => {
  const identify = createIdentity(ALL);
  expect(await identify(arrival(), never)).toMatchObject({
    kind: 'anonymous',
    authenticated: false,
  });
});

test('a caller without credentials is refused if a principal is required', () => {
  const identify = createIdentity(ALL, true);
  const refused = expect.objectContaining({ reason: 'UNAUTHENTICATED' });
  expect(() => identify(arrival(), never)).toThrow(refused);
});

test.each([
  [['mtls', 'access_key', 'uds'], 'spiffe', 'spiffe://example.org/a'],
  [['uds', 'mtls'], 'uds', 'billing'],
  [['access_key', 'uds'], 'access_key', 'AKIDEXAMPLE'],
] as const)('in the order %j, %s counts', async (order, kind, id) => {
  const identify = createIdentity(order);
  expect(await identify(both, never)).toMatchObject({ kind, id, authenticated: true });
});

test('a method that is not in the order is not used', async () => {
  const identify = createIdentity(['uds']);
  expect(await identify(arrival({ accessKeyId: 'AKIDEXAMPLE' }), never)).toMatchObject({
    kind: 'anonymous',
  });
});

test('a bearer token that nothing verifies identifies nobody', async () => {
  const identify = createIdentity(ALL);
  expect(await identify(arrival({ authorization: 'Bearer x' }), never)).toMatchObject({ id: '' });
});

test('one caller is the same principal in every call', async () => {
  const identify = createIdentity(ALL);
  expect(await identify(both, never)).toBe(await identify(both, never));
});

test('every principal has the attributes that are configured, so that no rule reads one that is not there', async () => {
  const waits: Identifier = async (here, signal) =>
    (await WAYS.uds(here, signal)) ?? Promise.reject(new Error('nobody'));
  const attributes = ['tenant', 'certificate_serial'];
  const of = (identifiers: readonly Identifier[]) =>
    createIdentify({ identifiers, require: false, attributes });
  expect(await of([])(arrival(), never)).toMatchObject({
    kind: 'anonymous',
    attributes: { tenant: '', certificate_serial: '' },
  });
  expect(await of([WAYS.mtls])(both, never)).toMatchObject({
    attributes: { tenant: '', certificate_serial: expect.stringMatching(/^[0-9a-f]+$/) },
  });
  const identify = of([waits]);
  expect(await identify(both, never)).toMatchObject({ id: 'billing', attributes: { tenant: '' } });
  expect(await identify(both, never)).toBe(await identify(both, never));
});
