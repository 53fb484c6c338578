import { expect } from 'vitest';
import { bytes, type Case, refused, sharedKey, symmetricKey, text } from '../driver.ts';

const ELSEWHERE = 'ap-southeast-2';

export const multiRegionCases: readonly Case[] = [
  {
    name: 'a multi-Region key says so, and what is encrypted under it opens under its replica',
    run: async (kms) => {
      const { KeyMetadata: primary } = await kms.call('CreateKey', { MultiRegion: true });
      expect(primary.KeyId).toMatch(/^mrk-[0-9a-f]{32}$/);
      expect(primary.MultiRegionConfiguration).toEqual({
        MultiRegionKeyType: 'PRIMARY',
        PrimaryKey: { Arn: primary.Arn, Region: kms.region },
        ReplicaKeys: [],
      });
      const { KeyId } = primary;
      const replicated = await kms.call('ReplicateKey', { KeyId, ReplicaRegion: ELSEWHERE });
      expect(replicated.ReplicaKeyMetadata.KeyId).toBe(KeyId);
      expect(replicated.ReplicaKeyMetadata.Arn).toBe(primary.Arn.replace(kms.region, ELSEWHERE));

      const there = kms.as({ region: ELSEWHERE });
      const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: bytes('x') });
      const opened = await there.call('Decrypt', { CiphertextBlob });
      expect(text(opened.Plaintext)).toBe('x');
      expect(opened.KeyId).toBe(replicated.ReplicaKeyMetadata.Arn);
    },
  },
  {
    name: 'a replica shares the key material, but has its own policy, tags and state',
    run: async (kms) => {
      const made = await kms.call('CreateKey', {
        MultiRegion: true,
        Tags: [{ TagKey: 'here', TagValue: '1' }],
      });
      const { KeyId } = made.KeyMetadata;
      await kms.call('ReplicateKey', { KeyId, ReplicaRegion: ELSEWHERE, Description: 'there' });
      const there = kms.as({ region: ELSEWHERE });
      await kms.call('DisableKey', { KeyId });
      const { KeyMetadata } = await there.call('DescribeKey', { KeyId });
      expect(KeyMetadata).toMatchObject({
        KeyState: 'Enabled',
        Description: 'there',
        CurrentKeyMaterialId: made.KeyMetadata.CurrentKeyMaterialId,
      });
      expect(KeyMetadata.MultiRegionConfiguration?.MultiRegionKeyType).toBe('REPLICA');
      expect((await there.call('ListResourceTags', { KeyId })).Tags).toEqual([]);
    },
  },
  {
    name: 'one replica per Region, made only from the primary key',
    run: async (kms) => {
      const { KeyMetadata } = await kms.call('CreateKey', { MultiRegion: true });
      const { KeyId, Arn } = KeyMetadata;
      const again = { KeyId, ReplicaRegion: ELSEWHERE };
      await kms.call('ReplicateKey', again);
      await refused(kms.call('ReplicateKey', again), 'AlreadyExistsException');
      const there = kms.as({ region: ELSEWHERE });
      await refused(
        there.call('ReplicateKey', { KeyId, ReplicaRegion: 'us-west-2' }),
        'UnsupportedOperationException',
        `${Arn.replace(kms.region, ELSEWHERE)} is not a multi-region primary key.`,
      );
      const single = await symmetricKey(kms);
      await refused(
        kms.call('ReplicateKey', { KeyId: single.KeyId, ReplicaRegion: ELSEWHERE }),
        'UnsupportedOperationException',
      );
    },
  },
  {
    name: 'a primary key with replicas waits for them before it can be deleted',
    run: async (kms) => {
      const { KeyMetadata } = await kms.call('CreateKey', { MultiRegion: true });
      const { KeyId, Arn } = KeyMetadata;
      await kms.call('ReplicateKey', { KeyId, ReplicaRegion: ELSEWHERE });
      const scheduled = await kms.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 8 });
      expect(scheduled).toMatchObject({
        KeyState: 'PendingReplicaDeletion',
        PendingWindowInDays: 8,
      });
      expect(scheduled.DeletionDate).toBeUndefined();
      await refused(
        kms.call('Encrypt', { KeyId, Plaintext: bytes('x') }),
        'KMSInvalidStateException',
        `${Arn} is pending replica deletion.`,
      );
    },
  },
  {
    name: 'the primary Region moves to a replica',
    run: async (kms) => {
      const { KeyMetadata } = await kms.call('CreateKey', { MultiRegion: true });
      const { KeyId } = KeyMetadata;
      await kms.call('ReplicateKey', { KeyId, ReplicaRegion: ELSEWHERE });
      await kms.call('UpdatePrimaryRegion', { KeyId, PrimaryRegion: ELSEWHERE });
      const described = await kms.call('DescribeKey', { KeyId });
      expect(described.KeyMetadata.MultiRegionConfiguration?.MultiRegionKeyType).toBe('REPLICA');
    },
  },
  {
    name: 'an ARN of another Region is NotFoundException: Invalid arn',
    run: async (kms) => {
      const { Arn } = await symmetricKey(kms);
      await refused(
        kms.as({ region: ELSEWHERE }).call('DescribeKey', { KeyId: Arn }),
        'NotFoundException',
        `Invalid arn ${kms.region}`,
      );
    },
  },
];

export const rotationCases: readonly Case[] = [
  {
    name: 'rotation on demand changes the material, and old ciphertexts still open',
    run: async (kms) => {
      const before = await symmetricKey(kms);
      const { KeyId, Arn } = before;
      const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: bytes('old') });
      expect(await kms.call('RotateKeyOnDemand', { KeyId })).toMatchObject({ KeyId: Arn });
      const { KeyMetadata: after } = await kms.call('DescribeKey', { KeyId });
      expect(after.CurrentKeyMaterialId).not.toBe(before.CurrentKeyMaterialId);
      const opened = await kms.call('Decrypt', { CiphertextBlob });
      expect(text(opened.Plaintext)).toBe('old');
      expect(opened.KeyMaterialId).toBe(before.CurrentKeyMaterialId);
    },
  },
  {
    name: 'ListKeyRotations lists rotations, and on request all key material',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      expect((await kms.call('ListKeyRotations', { KeyId })).Rotations).toEqual([]);
      await kms.call('RotateKeyOnDemand', { KeyId });
      await kms.call('RotateKeyOnDemand', { KeyId });
      const { Rotations } = await kms.call('ListKeyRotations', { KeyId });
      expect(Rotations.map(({ RotationType }) => RotationType)).toEqual(['ON_DEMAND', 'ON_DEMAND']);
      const page = await kms.call('ListKeyRotations', { KeyId, Limit: 1 });
      expect(page).toMatchObject({ Truncated: true });
      const all = await kms.call('ListKeyRotations', {
        KeyId,
        IncludeKeyMaterial: 'ALL_KEY_MATERIAL',
      });
      expect(all.Rotations.map(({ KeyMaterialState }) => KeyMaterialState)).toEqual([
        'NON_CURRENT',
        'NON_CURRENT',
        'CURRENT',
      ]);
    },
  },
  {
    name: 'automatic rotation is switched on with a period, and off',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      const status = () => kms.call('GetKeyRotationStatus', { KeyId });
      expect((await status()).KeyRotationEnabled).toBe(false);
      await kms.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 });
      const on = await status();
      expect(on).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 });
      expect((Number(on.NextRotationDate) - Date.now()) / 86_400_000).toBeCloseTo(90, 1);
      await kms.call('DisableKeyRotation', { KeyId });
      expect((await status()).KeyRotationEnabled).toBe(false);
    },
  },
  {
    name: 'the rotation period is 90 to 2,560 days',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      for (const RotationPeriodInDays of [89, 2561]) {
        await refused(
          kms.call('EnableKeyRotation', { KeyId, RotationPeriodInDays }),
          'ValidationException',
        );
      }
    },
  },
  {
    name: 'asymmetric keys do not rotate',
    run: async (kms) => {
      const KeyId = await sharedKey(kms, 'RSA_2048');
      await refused(kms.call('EnableKeyRotation', { KeyId }), 'UnsupportedOperationException');
      await refused(kms.call('RotateKeyOnDemand', { KeyId }), 'UnsupportedOperationException');
      await kms.call('DisableKeyRotation', { KeyId });
      const { KeyRotationEnabled } = await kms.call('GetKeyRotationStatus', { KeyId });
      expect(KeyRotationEnabled).toBe(false);
    },
  },
  {
    name: 'a disabled key does not rotate',
    run: async (kms) => {
      const { KeyId } = await symmetricKey(kms);
      await kms.call('DisableKey', { KeyId });
      await refused(kms.call('RotateKeyOnDemand', { KeyId }), 'DisabledException');
      await refused(kms.call('EnableKeyRotation', { KeyId }), 'DisabledException');
    },
  },
  {
    name: 'rotations on demand are limited in number',
    run: async (kms) => {
      const { KeyId, Arn } = await symmetricKey(kms);
      for (let i = 0; i < 25; i += 1) await kms.call('RotateKeyOnDemand', { KeyId });
      await refused(
        kms.call('RotateKeyOnDemand', { KeyId }),
        'LimitExceededException',
        `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${Arn}`,
      );
    },
  },
];
