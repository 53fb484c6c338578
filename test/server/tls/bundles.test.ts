import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createVouching, pickBundles } from '../../../src/server/tls/bundles.ts';
import { createAuthority, type Issued } from '../../helpers/certificates.ts';

const [a, b, c] = ['A', 'B', 'C'].map((commonName) => createAuthority({ commonName })) as [
  Issued,
  Issued,
  Issued,
];
const [belowA, belowC] = [a, c].map((one) => one.issue({ ca: true, commonName: 'Below' })) as [
  Issued,
  Issued,
];
const vouch = (sent: readonly Issued[], bundles: Readonly<Record<string, string>>) =>
  createVouching(new Map(Object.entries(bundles)))(sent.map(({ der }) => new X509Certificate(der)));
const AB = { a: a.cert, b: b.cert };

test('a trust domain vouches for the chains of its own CAs', () => {
  expect(vouch([a.issue()], AB)).toEqual(['a']);
  expect(vouch([belowA.issue(), belowA], AB)).toEqual(['a']);
  expect(vouch([belowA.issue(), belowA, a], AB)).toEqual(['a']);
  expect(vouch([b.issue()], AB)).toEqual(['b']);
});

test('none vouches if another has signed any part of the chain', () => {
  expect(vouch([belowA.issue(), belowA, b.issue({ ca: true })], AB)).toEqual([]);
  expect(vouch([b.issue(), belowA], AB)).toEqual([]);
});

test('none vouches when its CAs have signed only a certificate sent along', () => {
  // As when the bundle of C is removed while its handshakes are under way.
  expect(vouch([belowC.issue(), belowA, belowC], AB)).toEqual([]);
  expect(vouch([belowC.issue()], AB)).toEqual([]);
});

test('none vouches for more certificates than a chain has: each is verified against each CA', () => {
  const chain = (count: number) => [belowA.issue(), ...Array(count - 1).fill(belowA)];
  expect(vouch(chain(10), AB)).toEqual(['a']);
  expect(vouch(chain(11), AB)).toEqual([]);
});

test('domains that share a CA both vouch for its chains', () => {
  const shared = { a: a.cert + c.cert, b: b.cert + c.cert };
  expect(vouch([c.issue()], shared)).toEqual(['a', 'b']);
  expect(vouch([a.issue()], shared)).toEqual(['a']);
});

test('only good, wanted bundles are taken; missing and bad ones raise alarms', () => {
  const alarms: string[] = [];
  const all = new Map([
    ['a', a.cert],
    ['leaf', a.issue().cert],
    ['c', c.cert],
  ]);
  const picked = pickBundles(all, ['a', 'leaf', 'gone'], ({ message }) => alarms.push(message));
  expect([...picked]).toEqual([['a', a.cert]]);
  expect(alarms).toEqual([
    'there is no good bundle of the trust domain leaf',
    'there is no good bundle of the trust domain gone',
  ]);
});

test.each<[string, Issued, number]>([
  ['names that do not fit into a handshake', createAuthority({ commonName: 'x'.repeat(150) }), 91],
  ['so many CAs that each handshake takes long', a, 101],
])('a bundle with %s keeps nobody else out', (_, { cert }, count) => {
  const all = new Map([
    ['a', a.cert],
    ['large', cert.repeat(count)],
    ['less', cert.repeat(count - 3)],
  ]);
  const alarms: string[] = [];
  const picked = pickBundles(all, ['a', 'large'], ({ message }) => alarms.push(message));
  expect([...picked.keys()]).toEqual(['a']);
  expect(alarms).toEqual(['there is no good bundle of the trust domain large']);
  expect([...pickBundles(all, ['a', 'less'], () => {}).keys()]).toEqual(['a', 'less']);
});
