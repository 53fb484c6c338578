import { expect } from 'vitest';
import { bytes, type Case, type Driver, refused, sharedKey, symmetricKey } from '../driver.ts';

const aliasFor = (keyId: string, name = 'a') => `alias/${name}-${keyId.slice(-12)}`;

async function aliased(kms: Driver) {
  const key = await symmetricKey(kms);
  const AliasName = aliasFor(key.KeyId);
  await kms.call('CreateAlias', { AliasName, TargetKeyId: key.KeyId });
  return { key, AliasName };
}

export const aliasCases: readonly Case[] = [
  {
    name: 'an alias names its key, and is listed with it',
    run: async (kms) => {
      const { key, AliasName } = await aliased(kms);
      const { KeyMetadata } = await kms.call('DescribeKey', { KeyId: AliasName });
      expect(KeyMetadata.KeyId).toBe(key.KeyId);
      const { Aliases, Truncated } = await kms.call('ListAliases', { KeyId: key.KeyId });
      expect(Truncated).toBe(false);
      expect(Aliases).toHaveLength(1);
      expect(Aliases[0]).toMatchObject({
        AliasName,
        AliasArn: `arn:aws:kms:${kms.region}:${kms.account}:${AliasName}`,
        TargetKeyId: key.KeyId,
      });
    },
  },
  {
    name: 'an alias that is taken is AlreadyExistsException',
    run: async (kms) => {
      const { key, AliasName } = await aliased(kms);
      await refused(
        kms.call('CreateAlias', { AliasName, TargetKeyId: key.KeyId }),
        'AlreadyExistsException',
        `An alias with the name arn:aws:kms:${kms.region}:${kms.account}:${AliasName} already exists`,
      );
    },
  },
  {
    name: 'UpdateAlias points the alias at another key, from the next call on',
    run: async (kms) => {
      const { AliasName } = await aliased(kms);
      const other = await symmetricKey(kms);
      await kms.call('UpdateAlias', { AliasName, TargetKeyId: other.Arn });
      const { KeyId } = await kms.call('Encrypt', { KeyId: AliasName, Plaintext: bytes('x') });
      expect(KeyId).toBe(other.Arn);
    },
  },
  {
    name: 'an alias moves only between keys of one kind',
    run: async (kms) => {
      const { AliasName } = await aliased(kms);
      const TargetKeyId = await sharedKey(kms, 'RSA_2048');
      await refused(
        kms.call('UpdateAlias', { AliasName, TargetKeyId }),
        'ValidationException',
        `Alias ${AliasName} cannot be changed from a CMK with key type SYMMETRIC to a CMK with key type ASYMMETRIC. The key type of the current CMK and the new CMK must be the same.`,
      );
      const signing = await sharedKey(kms, 'RSA_2048', 'SIGN_VERIFY');
      await refused(
        kms.call('UpdateAlias', { AliasName, TargetKeyId: signing }),
        'ValidationException',
        `Alias ${AliasName} cannot be changed from a CMK with key usage ENCRYPT_DECRYPT to a CMK with key usage SIGN_VERIFY. The key usage of the current CMK and the new CMK must be the same.`,
      );
    },
  },
  {
    name: 'a deleted alias is gone, its key is not',
    run: async (kms) => {
      const { key, AliasName } = await aliased(kms);
      await kms.call('DeleteAlias', { AliasName });
      await refused(kms.call('DescribeKey', { KeyId: AliasName }), 'NotFoundException');
      await refused(kms.call('DeleteAlias', { AliasName }), 'NotFoundException');
      await kms.call('DescribeKey', { KeyId: key.KeyId });
    },
  },
  {
    name: 'invalid alias names are refused in KMS’s words',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const create = (AliasName: string) =>
        kms.call('CreateAlias', { AliasName, TargetKeyId: KeyId });
      await refused(
        create('no-prefix'),
        'ValidationException',
        'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
      );
      await refused(
        create('alias/a b!'),
        'ValidationException',
        "1 validation error detected: Value 'alias/a b!' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
      );
      await refused(
        create('alias/a:b'),
        'ValidationException',
        'alias/a:b contains invalid characters for an alias',
      );
      await refused(create('alias/aws/s3'), 'NotAuthorizedException');
    },
  },
  {
    name: 'a key has fifty aliases at most',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const create = (i: number) =>
        kms.call('CreateAlias', { AliasName: aliasFor(KeyId, `many-${i}`), TargetKeyId: KeyId });
      for (let i = 0; i < 50; i += 1) await create(i);
      await refused(create(50), 'LimitExceededException');
    },
  },
  {
    name: 'an alias cannot name an alias',
    run: async (kms) => {
      const { AliasName } = await aliased(kms);
      await refused(
        kms.call('CreateAlias', { AliasName: `${AliasName}-2`, TargetKeyId: AliasName }),
        'ValidationException',
        'Aliases must refer to keys. Not aliases',
      );
    },
  },
];

export const tagCases: readonly Case[] = [
  {
    name: 'tags are set, overwritten, listed and removed',
    run: async (kms) => {
      const made = await kms.call('CreateKey', {
        Tags: [
          { TagKey: 'a', TagValue: '1' },
          { TagKey: 'b', TagValue: '2' },
        ],
      });
      const { KeyId } = made.KeyMetadata;
      await kms.call('TagResource', { KeyId, Tags: [{ TagKey: 'b', TagValue: '3' }] });
      await kms.call('UntagResource', { KeyId, TagKeys: ['a', 'nothing'] });
      const { Tags, Truncated } = await kms.call('ListResourceTags', { KeyId });
      expect(Tags).toEqual([{ TagKey: 'b', TagValue: '3' }]);
      expect(Truncated).toBe(false);
    },
  },
  {
    name: 'reserved, repeated, too many and too long tags are refused',
    run: async (kms) => {
      const create = (...names: string[]) =>
        kms.call('CreateKey', { Tags: names.map((TagKey) => ({ TagKey, TagValue: 'v' })) });
      await refused(create('aws:x'), 'TagException', 'Tags beginning with aws: are reserved');
      await refused(create('AWS:x'), 'TagException', 'Tags beginning with aws: are reserved');
      await refused(create('a', 'a'), 'TagException', 'Duplicate tag keys');
      const many = Array.from({ length: 51 }, (_, index) => `k${index}`);
      await refused(create(...many), 'TagException', 'Too many tags');
      const long = 'k'.repeat(129);
      await refused(
        create(long),
        'ValidationException',
        `1 validation error detected: Value '${long}' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128`,
      );
    },
  },
  {
    name: 'a key that is pending deletion takes no tags',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      await kms.call('ScheduleKeyDeletion', { KeyId });
      await refused(
        kms.call('TagResource', { KeyId, Tags: [{ TagKey: 'a', TagValue: '1' }] }),
        'KMSInvalidStateException',
      );
    },
  },
];

export const policyCases: readonly Case[] = [
  {
    name: 'the default policy leaves all to the account, and can be replaced',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const { Policy } = await kms.call('GetKeyPolicy', { KeyId });
      expect(JSON.parse(Policy).Statement[0]).toMatchObject({
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${kms.account}:root` },
        Action: 'kms:*',
      });
      const next = JSON.stringify({ ...JSON.parse(Policy), Id: 'mine' });
      await kms.call('PutKeyPolicy', { KeyId, PolicyName: 'default', Policy: next });
      const put = await kms.call('GetKeyPolicy', { KeyId, PolicyName: 'default' });
      expect(put.Policy).toBe(next);
      const { PolicyNames } = await kms.call('ListKeyPolicies', { KeyId });
      expect(PolicyNames).toEqual(['default']);
    },
  },
  {
    name: 'a policy under another name does not exist',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      await refused(
        kms.call('GetKeyPolicy', { KeyId, PolicyName: 'other' }),
        'NotFoundException',
        'No such policy exists',
      );
    },
  },
  {
    name: 'a malformed policy, or one that locks the caller out, is MalformedPolicyDocumentException',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const statement = { Effect: 'Deny', Principal: '*', Action: 'kms:Decrypt', Resource: '*' };
      const lockOut = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
      for (const Policy of ['not json', '{}', lockOut]) {
        await refused(
          kms.call('PutKeyPolicy', { KeyId, Policy }),
          'MalformedPolicyDocumentException',
        );
      }
    },
  },
  {
    name: 'an explicit deny wins over the allow beside it',
    run: async (kms) => {
      const { KeyId, Arn } = await symmetricKey(kms);
      const { Policy } = await kms.call('GetKeyPolicy', { KeyId });
      const document = JSON.parse(Policy);
      document.Statement.push({
        Effect: 'Deny',
        Principal: '*',
        Action: ['kms:Describe*'],
        Resource: '*',
      });
      await kms.call('PutKeyPolicy', { KeyId, Policy: JSON.stringify(document) });
      await refused(
        kms.call('DescribeKey', { KeyId }),
        'AccessDeniedException',
        new RegExp(
          `not authorized to perform: kms:DescribeKey on resource: ${Arn} with an explicit deny`,
        ),
      );
      await kms.call('Encrypt', { KeyId, Plaintext: bytes('x') });
    },
  },
];
