import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { codeOf, DAY_MS, importRequest, kmsWithClock } from './helpers.ts';

it('a key is gone after its waiting period, with its aliases, and its ciphertexts no longer open', () => {
  const { operations, clock } = kmsWithClock();
  const { KeyId } = operations.CreateKey({}).KeyMetadata;
  operations.CreateAlias({ AliasName: 'alias/a', TargetKeyId: KeyId });
  const { CiphertextBlob } = operations.Encrypt({ KeyId, Plaintext: Uint8Array.of(1) });
  operations.ScheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });

  clock.pass(7 * DAY_MS - 1);
  expect(operations.DescribeKey({ KeyId }).KeyMetadata.KeyState).toBe('PendingDeletion');
  clock.pass(1);
  expect(operations.ListKeys({}).Keys).toEqual([]);
  expect(codeOf(() => operations.DescribeKey({ KeyId }))).toBe('NotFoundException');
  expect(codeOf(() => operations.DescribeKey({ KeyId: 'alias/a' }))).toBe('NotFoundException');
  expect(codeOf(() => operations.Decrypt({ CiphertextBlob }))).toBe('AccessDeniedException');
});

it('a primary key’s waiting period starts when its last replica is gone', () => {
  const { operations, clock } = kmsWithClock();
  const there = { region: 'us-west-2' };
  const { KeyId } = operations.CreateKey({ MultiRegion: true }).KeyMetadata;
  operations.ReplicateKey({ KeyId, ReplicaRegion: there.region });
  operations.ReplicateKey({ KeyId, ReplicaRegion: 'sa-east-1' });
  operations.ScheduleKeyDeletion({ KeyId, PendingWindowInDays: 10 });
  operations.ScheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 }, { region: 'sa-east-1' });
  operations.ScheduleKeyDeletion({ KeyId, PendingWindowInDays: 8 }, there);

  const state = () => operations.DescribeKey({ KeyId }).KeyMetadata.KeyState;
  expect(state()).toBe('PendingReplicaDeletion');
  clock.pass(7 * DAY_MS);
  operations.ListKeys({}, { region: 'sa-east-1' });
  expect(state()).toBe('PendingReplicaDeletion');
  clock.pass(DAY_MS);
  expect(codeOf(() => operations.DescribeKey({ KeyId }, there))).toBe('NotFoundException');
  expect(state()).toBe('PendingDeletion');
  clock.pass(10 * DAY_MS);
  expect(codeOf(state)).toBe('NotFoundException');
});

it('automatic rotation happens once for each period that has passed', () => {
  const { operations, clock } = kmsWithClock();
  const { KeyId, CurrentKeyMaterialId } = operations.CreateKey({}).KeyMetadata;
  const { CiphertextBlob } = operations.Encrypt({ KeyId, Plaintext: Uint8Array.of(7) });
  operations.EnableKeyRotation({ KeyId, RotationPeriodInDays: 100 });
  clock.pass(250 * DAY_MS);
  const { Rotations } = operations.ListKeyRotations({ KeyId });
  expect(Rotations.map(({ RotationType }) => RotationType)).toEqual(['AUTOMATIC', 'AUTOMATIC']);
  const { KeyMetadata } = operations.DescribeKey({ KeyId });
  expect(KeyMetadata.CurrentKeyMaterialId).not.toBe(CurrentKeyMaterialId);
  expect([...operations.Decrypt({ CiphertextBlob }).Plaintext]).toEqual([7]);
});

it('a key is not rotated while disabled, and only once when enabled again', () => {
  const { operations, clock } = kmsWithClock();
  const { KeyId } = operations.CreateKey({}).KeyMetadata;
  const rotations = () => operations.ListKeyRotations({ KeyId }).Rotations.length;
  operations.EnableKeyRotation({ KeyId, RotationPeriodInDays: 100 });
  operations.DisableKey({ KeyId });
  clock.pass(350 * DAY_MS);
  expect(rotations()).toBe(0);
  operations.EnableKey({ KeyId });
  expect(rotations()).toBe(1);
  clock.pass(100 * DAY_MS - 1);
  expect(rotations()).toBe(1);
  clock.pass(1);
  expect(rotations()).toBe(2);
});

it('rotating on demand does not move the next automatic rotation', () => {
  const { operations, clock } = kmsWithClock();
  const { KeyId } = operations.CreateKey({}).KeyMetadata;
  operations.EnableKeyRotation({ KeyId });
  const next = () => operations.GetKeyRotationStatus({ KeyId }).NextRotationDate;
  const before = next();
  clock.pass(DAY_MS);
  operations.RotateKeyOnDemand({ KeyId });
  expect(next()).toEqual(before);
});

it('imported material is forgotten when it expires, and its import token after a day', () => {
  const { operations, clock } = kmsWithClock();
  const { KeyId } = operations.CreateKey({ Origin: 'EXTERNAL' }).KeyMetadata;
  const request = importRequest(operations, KeyId, randomBytes(32));
  const ValidTo = new Date(clock.now() + 3_600_000);
  operations.ImportKeyMaterial({ ...request, ValidTo });
  const { KeyMetadata } = operations.DescribeKey({ KeyId });
  expect(KeyMetadata).toMatchObject({ ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo });

  clock.pass(3_600_000);
  expect(operations.DescribeKey({ KeyId }).KeyMetadata.KeyState).toBe('PendingImport');
  const again = () =>
    operations.ImportKeyMaterial({ ...request, ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' });
  clock.pass(DAY_MS);
  expect(codeOf(again)).toBe('ExpiredImportTokenException');
  clock.pass(DAY_MS);
  importRequest(operations, KeyId, randomBytes(32));
  expect(codeOf(again), 'and is then unknown').toBe('InvalidImportTokenException');
});
