import { expect, it } from 'vitest';
import { codeOf, kmsWithClock } from './helpers.ts';

const ROLE = 'arn:aws:iam::111122223333:role/app';
const SESSION = { principal: 'arn:aws:sts::111122223333:assumed-role/app/session' };
const ADMIN = {
  Effect: 'Allow',
  Principal: { AWS: 'arn:aws:iam::111122223333:root' },
  Action: 'kms:*',
  Resource: '*',
  Condition: { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:root' } },
};

/** What a session of the role may do with a key whose policy has this statement too. */
function setUp(statement: object) {
  const { operations } = kmsWithClock();
  const Policy = JSON.stringify({
    Statement: [ADMIN, { Effect: 'Allow', Principal: { AWS: ROLE }, Resource: '*', ...statement }],
  });
  const make = () =>
    operations.CreateKey({
      Policy,
      BypassPolicyLockoutSafetyCheck: true,
      Tags: [{ TagKey: 'Team', TagValue: 'red' }],
    }).KeyMetadata.KeyId;
  const [KeyId, other] = [make(), make()];
  operations.CreateAlias({ AliasName: 'alias/app', TargetKeyId: KeyId });
  const Plaintext = Uint8Array.of(1);
  return {
    encrypt: (EncryptionContext: Record<string, string> = {}, id = KeyId) =>
      codeOf(() => operations.Encrypt({ KeyId: id, Plaintext, EncryptionContext }, SESSION)),
    move: (to: 'same' | 'other') => {
      const { CiphertextBlob } = operations.Encrypt({ KeyId, Plaintext });
      const DestinationKeyId = to === 'same' ? KeyId : other;
      return codeOf(() => operations.ReEncrypt({ CiphertextBlob, DestinationKeyId }, SESSION));
    },
  };
}

const DENIED = 'AccessDeniedException';
const encryptWhen = (Condition: object) => setUp({ Action: 'kms:Encrypt', Condition });

it('a role’s statement applies to its sessions, and only to its own actions', () => {
  const { encrypt, move } = setUp({ Action: ['kms:enc*', 'kms:ReEncryptFrom'] });
  expect(encrypt()).toBe('done');
  expect(move('same')).toBe(DENIED);
});

it('a statement with NotAction or NotPrincipal covers the rest', () => {
  expect(setUp({ NotAction: 'kms:Decrypt' }).encrypt()).toBe('done');
  expect(setUp({ NotAction: 'kms:Enc*' }).encrypt()).toBe(DENIED);
  const except = (AWS: string) => ({ Principal: undefined, NotPrincipal: { AWS } });
  const others = setUp({ Action: 'kms:Encrypt', ...except('arn:aws:iam::111122223333:role/b') });
  expect(others.encrypt()).toBe('done');
  expect(setUp({ Action: 'kms:Encrypt', ...except(ROLE) }).encrypt()).toBe(DENIED);
});

it('a deny still applies if its condition has an unknown operator', () => {
  const { operations } = kmsWithClock();
  const Condition = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } };
  const deny = { Effect: 'Deny', Principal: '*', Action: 'kms:Encrypt', Resource: '*', Condition };
  const Policy = JSON.stringify({ Statement: [ADMIN, deny] });
  const { KeyId } = operations.CreateKey({
    Policy,
    BypassPolicyLockoutSafetyCheck: true,
  }).KeyMetadata;
  const encrypt = () => operations.Encrypt({ KeyId, Plaintext: Uint8Array.of(1) });
  expect(codeOf(encrypt)).toBe(DENIED);
});

it('a statement about another resource covers nothing', () => {
  const elsewhere = 'arn:aws:kms:us-west-2:111122223333:key/*';
  expect(setUp({ Action: 'kms:*', Resource: elsewhere }).encrypt()).toBe(DENIED);
});

it('kms:ReEncryptOnSameKey holds if both halves use one key', () => {
  const Condition = { Bool: { 'kms:ReEncryptOnSameKey': 'true' } };
  const { move } = setUp({ Action: 'kms:ReEncrypt*', Condition });
  expect([move('same'), move('other')]).toEqual(['done', DENIED]);
});

it('kms:EncryptionContext ignores the case of keys but not of values', () => {
  const { encrypt } = encryptWhen({ StringEquals: { 'kms:EncryptionContext:Tenant': 'a' } });
  expect(encrypt({ tenant: 'a', more: 'b' })).toBe('done');
  expect(encrypt({ tenant: 'A' })).toBe(DENIED);
  expect(encrypt()).toBe(DENIED);
});

it('kms:EncryptionContextKeys works with all, any and no keys', () => {
  const keys = { 'kms:EncryptionContextKeys': ['tenant', 'stage'] };
  const all = encryptWhen({ 'ForAllValues:StringEquals': keys });
  expect(all.encrypt({ tenant: 'a' })).toBe('done');
  expect(all.encrypt({ tenant: 'a', more: 'b' })).toBe(DENIED);
  expect(all.encrypt()).toBe('done');
  const any = encryptWhen({ 'ForAnyValue:StringEquals': keys });
  expect(any.encrypt({ tenant: 'a', more: 'b' })).toBe('done');
  expect(any.encrypt()).toBe(DENIED);
  const anyOther = encryptWhen({ 'ForAnyValue:StringNotEquals': keys });
  expect(anyOther.encrypt({ tenant: 'a', more: 'b' })).toBe('done');
  expect(anyOther.encrypt(), 'there is no other where there is none').toBe(DENIED);
});

it('a role with a path matches its sessions, which do not show the path', () => {
  const named = (role: string) => {
    const Principal = { AWS: `arn:aws:iam::111122223333:${role}` };
    return setUp({ Action: 'kms:Encrypt', Principal }).encrypt();
  };
  expect(named('role/service-role/app')).toBe('done');
  for (const other of ['role/app/other', 'role/my-app', 'user/app', 'user/role/app']) {
    expect(named(other), other).toBe(DENIED);
  }
});

it('a role of another account, or another partition, has no sessions here', () => {
  for (const AWS of [
    'arn:aws:iam::444455556666:role/app',
    'arn:aws-cn:iam::111122223333:role/app',
  ]) {
    const { encrypt } = setUp({ Action: 'kms:Encrypt', Principal: { AWS } });
    expect(encrypt(), AWS).toBe(DENIED);
  }
});

it('an alias is moved or deleted only by principals that its key allows', () => {
  const may = (...Action: string[]) => {
    const statement = { Effect: 'Allow', Principal: { AWS: ROLE }, Resource: '*', Action };
    const Policy = JSON.stringify({ Statement: [ADMIN, statement] });
    return { Policy, BypassPolicyLockoutSafetyCheck: true };
  };
  const { operations } = kmsWithClock();
  const guarded = operations.CreateKey(may('kms:DescribeKey')).KeyMetadata.KeyId;
  const free = operations.CreateKey(may('kms:UpdateAlias', 'kms:DeleteAlias')).KeyMetadata.KeyId;
  operations.CreateAlias({ AliasName: 'alias/guarded', TargetKeyId: guarded });
  operations.CreateAlias({ AliasName: 'alias/free', TargetKeyId: free });
  const move = { AliasName: 'alias/guarded', TargetKeyId: free };
  expect(codeOf(() => operations.UpdateAlias(move, SESSION))).toBe(DENIED);
  const remove = (AliasName: string) =>
    codeOf(() => operations.DeleteAlias({ AliasName }, SESSION));
  expect([remove('alias/guarded'), remove('alias/free')]).toEqual([DENIED, 'done']);
});

it('kms:RequestAlias holds only if the request used the alias', () => {
  const { encrypt } = encryptWhen({ StringEquals: { 'kms:RequestAlias': 'alias/app' } });
  expect(encrypt({}, 'alias/app')).toBe('done');
  expect(encrypt()).toBe(DENIED);
});

it.each([
  [{ StringLike: { 'aws:ResourceTag/Team': 'r?d' } }, 'done'],
  [{ StringLike: { 'aws:ResourceTag/Team': 'r?' } }, DENIED],
  [{ StringLike: { 'aws:ResourceTag/Team': 'r*' } }, 'done'],
  [{ StringEquals: { 'aws:ResourceTag/team': 'red' } }, DENIED],
  [
    { StringEquals: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT', 'kms:KeyUsage': 'ENCRYPT_DECRYPT' } },
    'done',
  ],
  [{ StringEquals: { 'kms:EncryptionAlgorithm': 'RSAES_OAEP_SHA_1' } }, DENIED],
  [{ StringNotEquals: { 'kms:CallerAccount': '111122223333' } }, DENIED],
  [{ StringNotEquals: { 'kms:ViaService': 's3' } }, 'done'],
  [{ StringEqualsIfExists: { 'kms:ViaService': 's3' } }, 'done'],
  [{ StringEquals: { 'kms:ViaService': 's3' } }, DENIED],
  [{ Null: { 'kms:ViaService': 'true' } }, 'done'],
  [{ Bool: { 'kms:MultiRegion': true } }, DENIED],
  [{ NumericLessThan: { 'kms:KeySpec': '3' } }, DENIED],
  [{ StringEquals: { constructor: 'x' } }, DENIED],
  [{ 'ForAllValues:StringEquals': { 'aws:ResourceTag/Team': 'red' } }, 'done'],
  [{ 'ForSomeValues:StringEquals': { 'aws:ResourceTag/Team': 'red' } }, DENIED],
  [{ 'ForAnyValue:StringEquals:x': { 'aws:ResourceTag/Team': 'red' } }, DENIED],
])('under the condition %j Encrypt is %s', (condition, outcome) => {
  expect(encryptWhen(condition).encrypt()).toBe(outcome);
});

it.each([
  ['no statement', { Version: '2012-10-17' }],
  ['an unknown effect', { Statement: [{ ...ADMIN, Effect: 'allow' }] }],
  ['no action', { Statement: [{ ...ADMIN, Action: undefined }] }],
  ['no principal', { Statement: [{ ...ADMIN, Principal: undefined }] }],
  ['no resource', { Statement: [{ ...ADMIN, Resource: undefined }] }],
  ['a statement that is no object', { Statement: ['allow'] }],
  ['an action that is an object', { Statement: [{ ...ADMIN, Action: {} }] }],
])('a policy with %s is MalformedPolicyDocumentException', (_name, document) => {
  const { operations } = kmsWithClock();
  const Policy = JSON.stringify(document);
  expect(codeOf(() => operations.CreateKey({ Policy }))).toBe('MalformedPolicyDocumentException');
});

it('aliases and tags are told only within the account of their key, whatever its policy says', () => {
  const { operations } = kmsWithClock();
  const Policy = JSON.stringify({
    Statement: [ADMIN, { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
  });
  const { Arn: KeyId } = operations.CreateKey({ Policy }).KeyMetadata;
  const [own, other] = [{}, { account: '666666666666' }];
  for (const list of [operations.ListAliases, operations.ListResourceTags]) {
    expect(codeOf(() => list({ KeyId }, own))).toBe('done');
    expect(codeOf(() => list({ KeyId }, other))).toBe(DENIED);
  }
  expect(codeOf(() => operations.DescribeKey({ KeyId }, other))).toBe('done');
});
