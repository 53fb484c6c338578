import { expect } from 'vitest';
import {
  ALICE,
  bytes,
  type Case,
  type Driver,
  refused,
  STRANGER,
  sharedKey,
  symmetricKey,
} from '../driver.ts';

/** A key that only the account's root may use. */
async function guardedKey(kms: Driver) {
  const key = await symmetricKey(kms);
  const { Policy } = await kms.call('GetKeyPolicy', { KeyId: key.KeyId });
  const document = JSON.parse(Policy);
  document.Statement[0].Condition = {
    ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${kms.account}:root` },
  };
  await kms.call('PutKeyPolicy', {
    KeyId: key.KeyId,
    Policy: JSON.stringify(document),
    BypassPolicyLockoutSafetyCheck: true,
  });
  return key;
}

export const grantCases: readonly Case[] = [
  {
    name: 'a grant is listed as it was made, and gone when revoked',
    run: async (kms) => {
      const { KeyId, Arn } = await symmetricKey(kms);
      const Constraints = { EncryptionContextSubset: { tenant: 'a' } };
      const made = await kms.call('CreateGrant', {
        KeyId,
        GranteePrincipal: ALICE,
        RetiringPrincipal: STRANGER,
        Operations: ['Decrypt', 'ReEncryptFrom'],
        Constraints,
        Name: 'mine',
      });
      const { GrantId = '' } = made;
      expect(GrantId).toMatch(/^[0-9a-f]{64}$/);
      const { Grants } = await kms.call('ListGrants', { KeyId });
      expect(Grants).toHaveLength(1);
      expect(Grants[0]).toMatchObject({
        KeyId: Arn,
        GrantId,
        Name: 'mine',
        GranteePrincipal: ALICE,
        RetiringPrincipal: STRANGER,
        IssuingAccount: `arn:aws:iam::${kms.account}:root`,
        Operations: ['Decrypt', 'ReEncryptFrom'],
        Constraints,
      });
      const retirable = await kms.call('ListRetirableGrants', { RetiringPrincipal: STRANGER });
      expect(retirable.Grants.map((grant) => grant.GrantId)).toContain(GrantId);
      await kms.call('RevokeGrant', { KeyId, GrantId });
      expect((await kms.call('ListGrants', { KeyId })).Grants).toEqual([]);
      await refused(
        kms.call('RevokeGrant', { KeyId, GrantId }),
        'NotFoundException',
        `Grant ID ${GrantId} not found`,
      );
    },
  },
  {
    name: 'a grant is retired by its token, or by key and grant id',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const request = { KeyId, GranteePrincipal: ALICE, Operations: ['Decrypt'] as const };
      const { GrantToken = '' } = await kms.call('CreateGrant', request);
      await kms.call('RetireGrant', { GrantToken });
      const { GrantId = '' } = await kms.call('CreateGrant', request);
      await kms.call('RetireGrant', { KeyId, GrantId });
      expect((await kms.call('ListGrants', { KeyId })).Grants).toEqual([]);
      await refused(kms.call('RetireGrant', { GrantToken }), 'InvalidGrantTokenException');
      await refused(kms.call('RetireGrant', {}), 'ValidationException');
    },
  },
  {
    name: 'a named grant requested again stays one grant, with a new token',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const request = {
        KeyId,
        GranteePrincipal: ALICE,
        Operations: ['Decrypt'] as const,
        Name: 'once',
      };
      const one = await kms.call('CreateGrant', request);
      const two = await kms.call('CreateGrant', request);
      expect(two.GrantId).toBe(one.GrantId);
      expect(two.GrantToken).not.toBe(one.GrantToken);
      const other = await kms.call('CreateGrant', { ...request, Operations: ['Encrypt'] });
      expect(other.GrantId).not.toBe(one.GrantId);
    },
  },
  {
    name: 'operations and constraints must suit the key',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const rsa = await sharedKey(kms, 'RSA_2048');
      const GranteePrincipal = ALICE;
      await refused(
        kms.call('CreateGrant', { KeyId, GranteePrincipal, Operations: ['Sign'] }),
        'ValidationException',
      );
      await refused(
        kms.call('CreateGrant', {
          KeyId: rsa,
          GranteePrincipal,
          Operations: ['Decrypt'],
          Constraints: { EncryptionContextEquals: { a: 'b' } },
        }),
        'ValidationException',
      );
      await refused(
        kms.call('CreateGrant', {
          KeyId,
          GranteePrincipal,
          Operations: ['kms:Decrypt' as 'Decrypt'],
        }),
        'ValidationException',
        /^1 validation error detected: Value '\[kms:Decrypt\]' at 'operations' failed to satisfy constraint: Member must satisfy constraint: \[Member must satisfy enum value set: \[/,
      );
      await refused(
        kms.call('CreateGrant', { KeyId, GranteePrincipal: 'alice', Operations: ['Decrypt'] }),
        'InvalidArnException',
      );
    },
  },
  {
    name: 'a disabled key takes no grants',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      await kms.call('DisableKey', { KeyId });
      await refused(
        kms.call('CreateGrant', { KeyId, GranteePrincipal: ALICE, Operations: ['Decrypt'] }),
        'DisabledException',
      );
    },
  },
];

/** These need more than one principal. */
export const accessCases: readonly Case[] = [
  {
    name: 'a principal whom the key policy does not name needs a grant for each half',
    run: async (kms) => {
      const [from, to] = [await guardedKey(kms), await guardedKey(kms)];
      const alice = kms.as({ principal: ALICE });
      const { CiphertextBlob } = await kms.call('Encrypt', {
        KeyId: from.KeyId,
        Plaintext: bytes('x'),
      });
      const move = () => alice.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: to.KeyId });
      const grant = (KeyId: string, operation: 'ReEncryptFrom' | 'ReEncryptTo') =>
        kms.call('CreateGrant', { KeyId, GranteePrincipal: ALICE, Operations: [operation] });
      await refused(move(), 'AccessDeniedException', /kms:ReEncryptFrom on resource/);
      await grant(from.KeyId, 'ReEncryptFrom');
      await refused(move(), 'AccessDeniedException', /kms:ReEncryptTo on resource/);
      await grant(to.KeyId, 'ReEncryptTo');
      await move();
      await refused(alice.call('Decrypt', { CiphertextBlob }), 'AccessDeniedException');
    },
  },
  {
    name: 'a constraint compares keys ignoring case and values exactly',
    run: async (kms) => {
      const { KeyId } = await guardedKey(kms);
      const alice = kms.as({ principal: ALICE });
      await kms.call('CreateGrant', {
        KeyId,
        GranteePrincipal: ALICE,
        Operations: ['Encrypt'],
        Constraints: { EncryptionContextSubset: { Tenant: 'a' } },
      });
      const encrypt = (EncryptionContext: Record<string, string>) =>
        alice.call('Encrypt', { KeyId, Plaintext: bytes('x'), EncryptionContext });
      await encrypt({ tenant: 'a', more: 'b' });
      await refused(encrypt({ tenant: 'A' }), 'AccessDeniedException');
      await refused(encrypt({}), 'AccessDeniedException');
    },
  },
  {
    name: 'EncryptionContextEquals allows no extra pair',
    run: async (kms) => {
      const { KeyId } = await guardedKey(kms);
      await kms.call('CreateGrant', {
        KeyId,
        GranteePrincipal: ALICE,
        Operations: ['Encrypt'],
        Constraints: { EncryptionContextEquals: { tenant: 'a' } },
      });
      const encrypt = (EncryptionContext: Record<string, string>) =>
        kms.as({ principal: ALICE }).call('Encrypt', {
          KeyId,
          Plaintext: bytes('x'),
          EncryptionContext,
        });
      await encrypt({ tenant: 'a' });
      await refused(encrypt({ tenant: 'a', more: 'b' }), 'AccessDeniedException');
    },
  },
  {
    name: 'a grantee passes on no more than it was granted, and nothing less strict',
    run: async (kms) => {
      const { KeyId } = await guardedKey(kms);
      const alice = kms.as({ principal: ALICE });
      await kms.call('CreateGrant', {
        KeyId,
        GranteePrincipal: ALICE,
        Operations: ['Encrypt', 'CreateGrant'],
        Constraints: { EncryptionContextSubset: { tenant: 'a' } },
      });
      const pass = (
        operation: 'Encrypt' | 'Decrypt',
        Constraints?: Record<string, Record<string, string>>,
      ) =>
        alice.call('CreateGrant', {
          KeyId,
          GranteePrincipal: STRANGER,
          Operations: [operation],
          ...(Constraints && { Constraints }),
        });
      await refused(pass('Encrypt'), 'AccessDeniedException');
      await refused(
        pass('Decrypt', { EncryptionContextSubset: { tenant: 'a' } }),
        'AccessDeniedException',
      );
      await refused(
        pass('Encrypt', { EncryptionContextSubset: { tenant: 'b' } }),
        'AccessDeniedException',
      );
      await pass('Encrypt', { EncryptionContextSubset: { tenant: 'a', more: 'b' } });
      await pass('Encrypt', { EncryptionContextEquals: { tenant: 'a' } });
    },
  },
  {
    name: 'a grant bound to the resource of an AWS service allows no direct call',
    run: async (kms) => {
      const { KeyId } = await guardedKey(kms);
      const SourceArn = `arn:aws:s3:::bucket-of-${kms.account}`;
      const Constraints = { SourceArn };
      const GranteePrincipal = ALICE;
      await kms.call('CreateGrant', {
        KeyId,
        GranteePrincipal,
        Operations: ['Encrypt'],
        Constraints,
      });
      const encrypt = kms
        .as({ principal: ALICE })
        .call('Encrypt', { KeyId, Plaintext: bytes('x') });
      await refused(encrypt, 'AccessDeniedException');
    },
  },
  {
    name: 'another account needs the key policy, and names the key by its ARN',
    run: async (kms) => {
      const { KeyId, Arn } = await symmetricKey(kms);
      const stranger = kms.as({ principal: STRANGER });
      const encrypt = (id: string) =>
        stranger.call('Encrypt', { KeyId: id, Plaintext: bytes('x') });
      await refused(encrypt(Arn), 'AccessDeniedException');
      await refused(encrypt(KeyId), 'NotFoundException');
      const { Policy } = await kms.call('GetKeyPolicy', { KeyId });
      const document = JSON.parse(Policy);
      document.Statement.push({
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::444455556666:root' },
        Action: ['kms:Encrypt', 'kms:ReEncryptFrom'],
        Resource: '*',
      });
      await kms.call('PutKeyPolicy', { KeyId, Policy: JSON.stringify(document) });
      const { CiphertextBlob } = await encrypt(Arn);

      const own = (await stranger.call('CreateKey', {})).KeyMetadata;
      expect(own.AWSAccountId).toBe('444455556666');
      const moved = await stranger.call('ReEncrypt', {
        CiphertextBlob,
        SourceKeyId: KeyId,
        DestinationKeyId: own.KeyId,
      });
      expect(moved.SourceKeyId).toBe(Arn);
      expect(moved.KeyId).toBe(own.Arn);
    },
  },
  {
    name: 'an error for a ciphertext whose key is gone reveals neither that nor the key',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: bytes('x') });
      await refused(
        kms.as({ region: 'sa-east-1' }).call('Decrypt', { CiphertextBlob }),
        'AccessDeniedException',
        'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
      );
    },
  },
];
