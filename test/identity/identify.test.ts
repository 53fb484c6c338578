import { expect, test } from 'vitest';
import { createIdentity, type IdentityOptions } from '../../src/identity/identity.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { arrival, never } from './arrivals.ts';

const OPTIONS: IdentityOptions = {
  require: false,
  order: ['mtls', 'jwt', 'access_key', 'uds'],
  mtls: { trustDomains: () => [], nameFrom: 'none' },
  now: Date.now,
  onError: () => {},
};

const { der } = createAuthority().issue({ uris: ['spiffe://example.org/a'] });
const both = arrival({ certificate: der, socketIdentity: 'billing', accessKeyId: 'AKIDEXAMPLE' });

test('who shows nothing is anonymous', async () => {
  const { identify } = await createIdentity(OPTIONS);
  expect(await identify(arrival(), never)).toMatchObject({
    kind: 'anonymous',
    authenticated: false,
  });
});

test('who shows nothing is refused where a principal is required', async () => {
  const { identify } = await createIdentity({ ...OPTIONS, require: true });
  await expect(identify(arrival(), never)).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' });
});

test.each([
  [['mtls', 'jwt', 'access_key', 'uds'], 'spiffe', 'spiffe://example.org/a'],
  [['uds', 'mtls'], 'uds', 'billing'],
  [['access_key', 'uds'], 'access_key', 'AKIDEXAMPLE'],
] as const)('in the order %j, %s counts', async (order, kind, id) => {
  const { identify } = await createIdentity({ ...OPTIONS, order });
  expect(await identify(both, never)).toMatchObject({ kind, id, authenticated: true });
});

test('a way that is not in the order is not used', async () => {
  const { identify } = await createIdentity({ ...OPTIONS, order: ['uds'] });
  expect(await identify(arrival({ accessKeyId: 'AKIDEXAMPLE' }), never)).toMatchObject({
    kind: 'anonymous',
  });
});

test('a bearer token that nobody verifies names nobody', async () => {
  const { identify } = await createIdentity(OPTIONS);
  expect(await identify(arrival({ authorization: 'Bearer x' }), never)).toMatchObject({ id: '' });
});

test('one caller is one principal, call after call', async () => {
  const { identify } = await createIdentity(OPTIONS);
  expect(await identify(both, never)).toBe(await identify(both, never));
});
