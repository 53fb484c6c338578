import { expect } from 'vitest';
import { bytes, type Case, refused, symmetricKey } from '../driver.ts';

const MISSING = '1234abcd-12ab-34cd-56ef-1234567890ab';

export const keyCases: readonly Case[] = [
  {
    name: 'a new key is enabled, symmetric and for encryption',
    run: async (kms) => {
      const key = await symmetricKey(kms);
      expect(key).toMatchObject({
        AWSAccountId: kms.account,
        Enabled: true,
        Description: '',
        KeyUsage: 'ENCRYPT_DECRYPT',
        KeyState: 'Enabled',
        Origin: 'AWS_KMS',
        KeyManager: 'CUSTOMER',
        CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        KeySpec: 'SYMMETRIC_DEFAULT',
        EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
        MultiRegion: false,
      });
      expect(key.Arn).toBe(`arn:aws:kms:${kms.region}:${kms.account}:key/${key.KeyId}`);
      expect(key.KeyId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(key.CreationDate).toBeInstanceOf(Date);
      expect(Object.keys(key)).not.toContain('MultiRegionConfiguration');
      const described = await kms.call('DescribeKey', { KeyId: key.KeyId });
      expect(described.KeyMetadata).toEqual(key);
    },
  },
  ...(
    [
      ['RSA_2048', 'SIGN_VERIFY', 'SigningAlgorithms'],
      ['ECC_NIST_P256', 'SIGN_VERIFY', 'SigningAlgorithms'],
      ['ECC_NIST_P256', 'KEY_AGREEMENT', 'KeyAgreementAlgorithms'],
      ['HMAC_256', 'GENERATE_VERIFY_MAC', 'MacAlgorithms'],
    ] as const
  ).map(
    ([KeySpec, KeyUsage, member]): Case => ({
      name: `a key of spec ${KeySpec} for ${KeyUsage} lists its ${member}`,
      run: async (kms) => {
        const { KeyMetadata } = await kms.call('CreateKey', { KeySpec, KeyUsage });
        expect(KeyMetadata).toMatchObject({ KeySpec, KeyUsage, CustomerMasterKeySpec: KeySpec });
        expect(Object.keys(KeyMetadata)).toContain(member);
        expect(Object.keys(KeyMetadata)).not.toContain('EncryptionAlgorithms');
      },
    }),
  ),
  {
    name: 'an asymmetric key needs a suitable usage',
    run: async (kms) => {
      await refused(
        kms.call('CreateKey', { KeySpec: 'RSA_2048' }),
        'ValidationException',
        'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
      );
      await refused(
        kms.call('CreateKey', { KeySpec: 'RSA_2048', KeyUsage: 'KEY_AGREEMENT' }),
        'ValidationException',
        'KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048',
      );
      await refused(
        kms.call('CreateKey', { KeyUsage: 'SIGN_VERIFY' }),
        'ValidationException',
        'KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT',
      );
    },
  },
  {
    name: 'KeySpec and CustomerMasterKeySpec do not go together',
    run: async (kms) => {
      const both = { KeySpec: 'RSA_2048', CustomerMasterKeySpec: 'RSA_2048' } as const;
      await refused(
        kms.call('CreateKey', { ...both, KeyUsage: 'SIGN_VERIFY' }),
        'ValidationException',
        'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
      );
    },
  },
  {
    name: 'an unknown key spec is refused with the set of all',
    run: async (kms) => {
      await refused(
        kms.call('CreateKey', { KeySpec: 'HMAC_random' as 'RSA_2048' }),
        'ValidationException',
        /^1 validation error detected: Value 'HMAC_random' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: \[RSA_2048, /,
      );
    },
  },
  {
    name: 'malformed key ids are NotFoundException: Invalid keyId',
    run: async (kms) => {
      for (const KeyId of ['fake-key-id', 'mrk-fake-key-id', '134f2428cec14b25a1ae9048164dba47']) {
        await refused(
          kms.call('DescribeKey', { KeyId }),
          'NotFoundException',
          `Invalid keyId '${KeyId}'`,
        );
      }
    },
  },
  {
    name: 'a key, an alias and an alias ARN that do not exist say what is missing',
    run: async (kms) => {
      const arn = (resource: string) => `arn:aws:kms:${kms.region}:${kms.account}:${resource}`;
      const rows = [
        [MISSING, `Key '${arn(`key/${MISSING}`)}' does not exist`],
        [arn(`key/${MISSING}`), `Key '${arn(`key/${MISSING}`)}' does not exist`],
        ['alias/nowhere', `Alias ${arn('alias/nowhere')} is not found.`],
        [arn('alias/nowhere'), `Alias ${arn('alias/nowhere')} is not found.`],
      ] as const;
      for (const [KeyId, message] of rows) {
        await refused(kms.call('DescribeKey', { KeyId }), 'NotFoundException', message);
      }
    },
  },
  {
    name: 'an ARN of another service is InvalidArnException, or NotFoundException on use',
    run: async (kms) => {
      const KeyId = 'arn:aws:s3:::bucket';
      await refused(kms.call('DescribeKey', { KeyId }), 'InvalidArnException');
      await refused(kms.call('EnableKey', { KeyId }), 'InvalidArnException');
      await refused(kms.call('Encrypt', { KeyId, Plaintext: bytes('x') }), 'NotFoundException');
    },
  },
  {
    name: 'operations that manage keys take no aliases',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const AliasName = `alias/manage-${KeyId.slice(-12)}`;
      await kms.call('CreateAlias', { AliasName, TargetKeyId: KeyId });
      const rows = ['EnableKey', 'DisableKey', 'EnableKeyRotation', 'GetKeyPolicy'] as const;
      for (const operation of rows) {
        await refused(kms.call(operation, { KeyId: AliasName }), 'NotFoundException');
      }
    },
  },
  {
    name: 'a disabled key is refused until it is enabled again',
    run: async (kms) => {
      const { KeyId, Arn } = await symmetricKey(kms);
      const encrypt = () => kms.call('Encrypt', { KeyId, Plaintext: bytes('x') });
      await kms.call('DisableKey', { KeyId });
      const { KeyMetadata } = await kms.call('DescribeKey', { KeyId });
      expect(KeyMetadata).toMatchObject({ Enabled: false, KeyState: 'Disabled' });
      await refused(encrypt(), 'DisabledException', `${Arn} is disabled.`);
      await kms.call('EnableKey', { KeyId });
      await encrypt();
    },
  },
  {
    name: 'deletion waits, and a key whose deletion is cancelled is disabled',
    run: async (kms) => {
      const { KeyId, Arn } = await symmetricKey(kms);
      const scheduled = await kms.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
      expect(scheduled).toMatchObject({
        KeyId: Arn,
        KeyState: 'PendingDeletion',
        PendingWindowInDays: 7,
      });
      const days = (Number(scheduled.DeletionDate) - Date.now()) / 86_400_000;
      expect(days).toBeCloseTo(7, 1);
      await refused(
        kms.call('Encrypt', { KeyId, Plaintext: bytes('x') }),
        'KMSInvalidStateException',
        `${Arn} is pending deletion.`,
      );
      await refused(kms.call('EnableKey', { KeyId }), 'KMSInvalidStateException');
      await refused(
        kms.call('ScheduleKeyDeletion', { KeyId }),
        'KMSInvalidStateException',
        `${Arn} is pending deletion.`,
      );
      expect(await kms.call('CancelKeyDeletion', { KeyId })).toMatchObject({ KeyId: Arn });
      const { KeyMetadata } = await kms.call('DescribeKey', { KeyId });
      expect(KeyMetadata).toMatchObject({ Enabled: false, KeyState: 'Disabled' });
      await refused(
        kms.call('CancelKeyDeletion', { KeyId }),
        'KMSInvalidStateException',
        `${Arn} is not pending deletion.`,
      );
    },
  },
  {
    name: 'the waiting period is 7 to 30 days',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      for (const PendingWindowInDays of [6, 31]) {
        await refused(
          kms.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays }),
          'ValidationException',
        );
      }
    },
  },
  {
    name: 'a description can be changed',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      await kms.call('UpdateKeyDescription', { KeyId, Description: 'new' });
      const { KeyMetadata } = await kms.call('DescribeKey', { KeyId });
      expect(KeyMetadata.Description).toBe('new');
    },
  },
  {
    name: 'ListKeys pages through all keys, and refuses an invalid marker',
    run: async (kms) => {
      const mine = new Set<string>();
      for (let i = 0; i < 3; i += 1) mine.add((await symmetricKey(kms)).KeyId);
      const seen: string[] = [];
      let Marker: string | undefined;
      do {
        const page = await kms.call('ListKeys', { Limit: 2, ...(Marker && { Marker }) });
        expect(page.Keys.length).toBeLessThanOrEqual(2);
        expect(page.Truncated).toBe(page.NextMarker !== undefined);
        seen.push(...page.Keys.map(({ KeyId }) => KeyId));
        Marker = page.NextMarker;
      } while (Marker);
      expect(new Set(seen).size).toBe(seen.length);
      expect([...mine].every((id) => seen.includes(id))).toBe(true);
      await refused(kms.call('ListKeys', { Marker: 'bogus' }), 'InvalidMarkerException');
    },
  },
  {
    name: 'limits out of range are refused',
    run: async (kms) => {
      for (const Limit of [0, 1001]) {
        await refused(
          kms.call('ListKeys', { Limit }),
          'ValidationException',
          /^1 validation error detected: Value '\d+' at 'limit' failed to satisfy constraint: Member must have value (less|greater) than or equal to \d+$/,
        );
      }
    },
  },
];
