import { expect, it } from 'vitest';
import { codeOf, kmsWithClock } from './helpers.ts';

const principal = (name: string) => `arn:aws:iam::111122223333:${name}`;
const ROOT = principal('root');
const ALICE = principal('user/alice');
const BOB = principal('user/bob');
const CAROL = principal('user/carol');
const DENIED = 'AccessDeniedException';
const INVALID = 'ValidationException';

type Changes = Partial<Parameters<ReturnType<typeof kmsWithClock>['operations']['CreateGrant']>[0]>;

/** A key that only the account's root may use, and what others may do with it by grants. */
function setUp() {
  const { operations } = kmsWithClock();
  const Condition = { ArnEquals: { 'aws:PrincipalArn': ROOT } };
  const admin = { Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'kms:*', Resource: '*' };
  const { KeyId } = operations.CreateKey({
    Policy: JSON.stringify({ Statement: [{ ...admin, Condition }] }),
    BypassPolicyLockoutSafetyCheck: true,
  }).KeyMetadata;
  const grant = (changes: Changes = {}, caller = ROOT) =>
    operations.CreateGrant(
      { KeyId, GranteePrincipal: ALICE, Operations: ['Encrypt'], ...changes },
      { principal: caller },
    );
  const encrypt = (caller: string, GrantTokens?: string[]) => {
    const request = { KeyId, Plaintext: Uint8Array.of(1), ...(GrantTokens && { GrantTokens }) };
    return codeOf(() => operations.Encrypt(request, { principal: caller }));
  };
  return { operations, KeyId, grant, encrypt };
}

it('a grant lets nobody act but its grantee, not even with its token', () => {
  const { grant, encrypt } = setUp();
  const { GrantToken = '' } = grant({ RetiringPrincipal: BOB });
  expect([encrypt(ALICE), encrypt(ALICE, [GrantToken])]).toEqual(['done', 'done']);
  expect([encrypt(BOB), encrypt(BOB, [GrantToken])]).toEqual([DENIED, DENIED]);
});

it.each(['RetireGrant', 'RevokeGrant'] as const)('%s ends what a grant allows', (end) => {
  const { operations, KeyId, grant, encrypt } = setUp();
  const { GrantId = '', GrantToken = '' } = grant();
  expect(codeOf(() => operations[end]({ KeyId, GrantId, DryRun: true }))).toBe(
    'DryRunOperationException',
  );
  expect(encrypt(ALICE)).toBe('done');
  operations[end]({ KeyId, GrantId });
  expect(encrypt(ALICE)).toBe(DENIED);
  expect(encrypt(ROOT, [GrantToken])).toBe('InvalidGrantTokenException');
});

it.each([
  ['the account that issued it', ROOT, 'done'],
  ['its retiring principal', BOB, 'done'],
  ['a grantee that was not granted that', ALICE, DENIED],
  ['anybody else', CAROL, DENIED],
])('a grant is retired by %s: %s is %s', (_who, caller, outcome) => {
  const { operations, grant } = setUp();
  const { GrantToken } = grant({ RetiringPrincipal: BOB });
  const retire = () => operations.RetireGrant({ GrantToken }, { principal: caller });
  expect(codeOf(retire)).toBe(outcome);
});

it('a grantee that was granted RetireGrant retires the grant, and nobody else does', () => {
  const { operations, grant } = setUp();
  const { GrantToken } = grant({ Operations: ['Encrypt', 'RetireGrant'] });
  const retire = (caller: string) =>
    codeOf(() => operations.RetireGrant({ GrantToken }, { principal: caller }));
  expect([retire(BOB), retire(ALICE)]).toEqual([DENIED, 'done']);
});

it('a grant to retire is named by its token or by key and id, never by both or by half', () => {
  const { operations, KeyId, grant } = setUp();
  const { GrantToken, GrantId } = grant();
  const wrong = [{}, { KeyId }, { GrantId }, { GrantToken, KeyId }, { GrantToken, GrantId }];
  for (const request of wrong) {
    expect(
      codeOf(() => operations.RetireGrant(request)),
      JSON.stringify(request),
    ).toBe(INVALID);
  }
});

it('grants are listed, made and revoked only by principals that the key allows', () => {
  const { operations, KeyId, grant } = setUp();
  const { GrantId = '' } = grant();
  const alice = { principal: ALICE };
  expect(codeOf(() => operations.ListGrants({ KeyId }, alice))).toBe(DENIED);
  expect(codeOf(() => operations.RevokeGrant({ KeyId, GrantId }, alice))).toBe(DENIED);
  expect(codeOf(() => grant({ GranteePrincipal: BOB }, ALICE))).toBe(DENIED);
});

it('lists of grants have only those asked for', () => {
  const { operations, KeyId, grant } = setUp();
  const one = grant({ RetiringPrincipal: CAROL }).GrantId;
  const two = grant({ GranteePrincipal: BOB }).GrantId ?? '';
  const ids = ({ Grants }: { Grants: readonly { GrantId: string }[] }) =>
    Grants.map(({ GrantId }) => GrantId);
  expect(ids(operations.ListGrants({ KeyId })).sort()).toEqual([one, two].sort());
  expect(ids(operations.ListGrants({ KeyId, GrantId: two }))).toEqual([two]);
  expect(ids(operations.ListGrants({ KeyId, GranteePrincipal: ALICE }))).toEqual([one]);
  const retirable = (caller: object) =>
    ids(operations.ListRetirableGrants({ RetiringPrincipal: CAROL }, caller));
  expect(retirable({})).toEqual([one]);
  expect(retirable({ region: 'us-west-2' })).toEqual([]);
  expect(retirable({ account: '444455556666' })).toEqual([]);
});

it('who was granted a context exactly passes on only exactly that', () => {
  const { grant } = setUp();
  const Operations = ['Encrypt', 'CreateGrant'] as const;
  grant({ Operations, Constraints: { EncryptionContextEquals: { tenant: 'a' } } });
  const pass = (Constraints: Changes['Constraints']) =>
    codeOf(() => grant({ GranteePrincipal: BOB, Constraints }, ALICE));
  expect(pass({ EncryptionContextEquals: { tenant: 'a' } })).toBe('done');
  expect(pass({ EncryptionContextEquals: { tenant: 'a', more: 'b' } })).toBe(DENIED);
  expect(pass({ EncryptionContextSubset: { tenant: 'a' } })).toBe(DENIED);
  expect(pass(undefined)).toBe(DENIED);
});

const pairs = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']));

it.each([
  ['eight pairs', { EncryptionContextSubset: pairs(8) }, 'done'],
  ['nine pairs', { EncryptionContextSubset: pairs(9) }, INVALID],
  ['384 characters', { EncryptionContextEquals: { a: 'x'.repeat(384) } }, 'done'],
  ['385 characters', { EncryptionContextEquals: { a: 'x'.repeat(385) } }, INVALID],
  ['both', { EncryptionContextEquals: { a: 'b' }, EncryptionContextSubset: { a: 'b' } }, INVALID],
])('constraints with %s', (_name, Constraints, outcome) => {
  const { grant } = setUp();
  expect(codeOf(() => grant({ Constraints }))).toBe(outcome);
});

it.each([
  ['ECC_NIST_P256', 'SIGN_VERIFY', ['Sign', 'Verify', 'GetPublicKey'], 'DeriveSharedSecret'],
  ['ECC_NIST_P256', 'KEY_AGREEMENT', ['DeriveSharedSecret', 'GetPublicKey'], 'Sign'],
  ['HMAC_256', 'GENERATE_VERIFY_MAC', ['GenerateMac', 'VerifyMac'], 'GetPublicKey'],
  ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', ['ReEncryptTo', 'GenerateDataKeyPair'], 'GetPublicKey'],
] as const)('a grant for %s and %s has %j, not %s', (KeySpec, KeyUsage, possible, other) => {
  const { operations } = kmsWithClock();
  const { KeyId } = operations.CreateKey({ KeySpec, KeyUsage }).KeyMetadata;
  const grant = (...Operations: Changes['Operations'] & object) =>
    codeOf(() => operations.CreateGrant({ KeyId, GranteePrincipal: ALICE, Operations }));
  expect(grant(...possible, 'CreateGrant', 'RetireGrant', 'DescribeKey')).toBe('done');
  expect([grant(other), grant()]).toEqual([INVALID, INVALID]);
});
