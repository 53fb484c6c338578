import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { codeOf, DAY_MS, importRequest, kmsWithClock, type Operations } from './helpers.ts';

let folder: string;
let stateFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'embedded-kms-'));
  stateFile = join(folder, 'keys.json');
});

const open = () => kmsWithClock({ stateFile });

it('everything survives a restart: keys, aliases, tags, grants, states, families, rotations', () => {
  const { operations } = open();
  const there = { region: 'us-west-2' };
  const { KeyId } = operations.CreateKey({
    MultiRegion: true,
    Description: 'kept',
    Tags: [{ TagKey: 'a', TagValue: 'b' }],
  }).KeyMetadata;
  const { CiphertextBlob } = operations.Encrypt({ KeyId, Plaintext: Uint8Array.of(1) });
  operations.CreateAlias({ AliasName: 'alias/a', TargetKeyId: KeyId });
  operations.RotateKeyOnDemand({ KeyId });
  operations.EnableKeyRotation({ KeyId });
  operations.ReplicateKey({ KeyId, ReplicaRegion: there.region });
  const grant = operations.CreateGrant({
    KeyId,
    GranteePrincipal: 'arn:aws:iam::111122223333:user/a',
    Operations: ['Decrypt'],
    Constraints: { EncryptionContextEquals: { a: 'b' } },
  });
  const signer = operations.CreateKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  const waiting = operations.CreateKey({ Origin: 'EXTERNAL' }).KeyMetadata.KeyId;
  operations.ScheduleKeyDeletion({ KeyId: waiting });
  const off = operations.CreateKey({}).KeyMetadata.KeyId;
  operations.DisableKey({ KeyId: off });

  const again = open().operations;
  for (const id of [KeyId, 'alias/a', signer.KeyMetadata.KeyId, waiting, off]) {
    expect(again.DescribeKey({ KeyId: id })).toEqual(operations.DescribeKey({ KeyId: id }));
  }
  expect(again.DescribeKey({ KeyId }, there)).toEqual(operations.DescribeKey({ KeyId }, there));
  expect(again.ListGrants({ KeyId })).toEqual(operations.ListGrants({ KeyId }));
  expect(again.ListResourceTags({ KeyId })).toEqual(operations.ListResourceTags({ KeyId }));
  expect(again.ListKeyRotations({ KeyId })).toEqual(operations.ListKeyRotations({ KeyId }));
  expect(again.GetKeyRotationStatus({ KeyId })).toEqual(operations.GetKeyRotationStatus({ KeyId }));
  expect(again.GetPublicKey({ KeyId: signer.KeyMetadata.KeyId })).toEqual(
    operations.GetPublicKey({ KeyId: signer.KeyMetadata.KeyId }),
  );
  expect([...again.Decrypt({ CiphertextBlob }, there).Plaintext]).toEqual([1]);
  again.RetireGrant({ GrantToken: grant.GrantToken });
});

const ALIAS = 'alias/a';
const Tags = [{ TagKey: 'a', TagValue: 'b' }];
const grantTo = (KeyId: string) =>
  ({
    KeyId,
    GranteePrincipal: 'arn:aws:iam::111122223333:user/a',
    Operations: ['Decrypt'],
  }) as const;

type Change = (operations: Operations, KeyId: string, other: string) => void;

it.each<[string, Change, Change?]>([
  ['CreateAlias', (kms, TargetKeyId) => kms.CreateAlias({ AliasName: 'alias/b', TargetKeyId })],
  ['UpdateAlias', (kms, _, other) => kms.UpdateAlias({ AliasName: ALIAS, TargetKeyId: other })],
  ['DeleteAlias', (kms) => kms.DeleteAlias({ AliasName: ALIAS })],
  [
    'TagResource',
    (kms, KeyId) => kms.TagResource({ KeyId, Tags: [{ TagKey: 'c', TagValue: '' }] }),
  ],
  ['UntagResource', (kms, KeyId) => kms.UntagResource({ KeyId, TagKeys: ['a'] })],
  ['CreateGrant', (kms, KeyId) => kms.CreateGrant(grantTo(KeyId))],
  ['RevokeGrant', (kms, KeyId) => kms.RevokeGrant({ KeyId, GrantId: grantOf(kms, KeyId) })],
  ['RetireGrant', (kms, KeyId) => kms.RetireGrant({ KeyId, GrantId: grantOf(kms, KeyId) })],
  ['DisableKey', (kms, KeyId) => kms.DisableKey({ KeyId })],
  ['ScheduleKeyDeletion', (kms, KeyId) => kms.ScheduleKeyDeletion({ KeyId })],
  ['UpdateKeyDescription', (kms, KeyId) => kms.UpdateKeyDescription({ KeyId, Description: 'd' })],
  ['EnableKeyRotation', (kms, KeyId) => kms.EnableKeyRotation({ KeyId })],
  ['RotateKeyOnDemand', (kms, KeyId) => kms.RotateKeyOnDemand({ KeyId })],
  ['ReplicateKey', (kms, KeyId) => kms.ReplicateKey({ KeyId, ReplicaRegion: 'us-west-2' })],
  [
    'PutKeyPolicy',
    (kms, KeyId) => {
      const { Policy } = kms.GetKeyPolicy({ KeyId });
      kms.PutKeyPolicy({ KeyId, Policy: `${Policy} ` });
    },
  ],
  [
    'EnableKey',
    (kms, KeyId) => kms.EnableKey({ KeyId }),
    (kms, KeyId) => kms.DisableKey({ KeyId }),
  ],
  [
    'CancelKeyDeletion',
    (kms, KeyId) => kms.CancelKeyDeletion({ KeyId }),
    (kms, KeyId) => kms.ScheduleKeyDeletion({ KeyId }),
  ],
  [
    'DisableKeyRotation',
    (kms, KeyId) => kms.DisableKeyRotation({ KeyId }),
    (kms, KeyId) => kms.EnableKeyRotation({ KeyId }),
  ],
  [
    'UpdatePrimaryRegion',
    (kms, KeyId) => kms.UpdatePrimaryRegion({ KeyId, PrimaryRegion: 'us-west-2' }),
    (kms, KeyId) => kms.ReplicateKey({ KeyId, ReplicaRegion: 'us-west-2' }),
  ],
])('what %s changes is in the file when it has answered', (_name, change, prepare) => {
  const { operations } = open();
  const { KeyId } = operations.CreateKey({ MultiRegion: true, Tags }).KeyMetadata;
  const other = operations.CreateKey({ MultiRegion: true }).KeyMetadata.KeyId;
  operations.CreateAlias({ AliasName: ALIAS, TargetKeyId: KeyId });
  operations.CreateGrant(grantTo(KeyId));
  prepare?.(operations, KeyId, other);
  const before = seen(operations, KeyId);
  change(operations, KeyId, other);
  const after = seen(operations, KeyId);
  expect(after).not.toEqual(before);
  expect(seen(open().operations, KeyId)).toEqual(after);
});

it('imported material, and that it was deleted, is in the file at once', () => {
  const { operations } = open();
  const { KeyId } = operations.CreateKey({ Origin: 'EXTERNAL' }).KeyMetadata;
  const ExpirationModel = 'KEY_MATERIAL_DOES_NOT_EXPIRE';
  const request = importRequest(operations, KeyId, randomBytes(32));
  operations.ImportKeyMaterial({ ...request, ExpirationModel });
  const state = () => open().operations.DescribeKey({ KeyId }).KeyMetadata.KeyState;
  expect(state()).toBe('Enabled');
  operations.DeleteImportedKeyMaterial({ KeyId });
  expect(state()).toBe('PendingImport');
});

function grantOf(operations: Operations, KeyId: string): string {
  return operations.ListGrants({ KeyId }).Grants[0]?.GrantId ?? '';
}

function seen(operations: Operations, KeyId: string) {
  return {
    key: operations.DescribeKey({ KeyId }),
    aliases: operations.ListAliases({}),
    tags: operations.ListResourceTags({ KeyId }),
    grants: operations.ListGrants({ KeyId }),
    policy: operations.GetKeyPolicy({ KeyId }),
    rotation: operations.GetKeyRotationStatus({ KeyId }),
  };
}

it('the file is readable only by its owner, and refused if others can read it', () => {
  open().operations.CreateKey({});
  expect(statSync(stateFile).mode & 0o777).toBe(0o600);
  chmodSync(stateFile, 0o640);
  expect(open).toThrow(/keys\.json can be read by others \(mode 640\); make it 0600/);
});

it('a damaged file is refused by name and left unchanged', () => {
  open().operations.CreateKey({});
  const whole = readFileSync(stateFile, 'utf8');
  const damages = [
    whole.slice(0, -20),
    whole.replace('"Enabled"', '"enabled"').replace('AWS_KMS', 'AWS_KMX'),
    'not json at all',
    '',
    `${JSON.stringify({ format: 'something else' })}\n{}\n`,
  ];
  for (const damaged of damages) {
    writeFileSync(stateFile, damaged, { mode: 0o600 });
    expect(open).toThrow(/^State file .*keys\.json is damaged and was left as it is: it/);
    expect(readFileSync(stateFile, 'utf8')).toBe(damaged);
  }
});

it('two processes do not overwrite each other’s keys', () => {
  const [one, two] = [open().operations, open().operations];
  one.CreateKey({});
  expect(codeOf(() => two.CreateKey({}))).toBe('KMSInternalException');
  expect(open().operations.ListKeys({}).Keys).toHaveLength(1);
});

it('an operation that cannot be written fails', () => {
  const { operations } = open();
  operations.CreateKey({});
  rmSync(folder, { recursive: true });
  expect(codeOf(() => operations.CreateKey({}))).toBe('KMSInternalException');
});

it('an automatic rotation is saved before the new material is used', () => {
  const { operations, clock } = open();
  const { KeyId } = operations.CreateKey({}).KeyMetadata;
  operations.EnableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
  clock.pass(91 * DAY_MS);
  const { CiphertextBlob } = operations.Encrypt({ KeyId, Plaintext: Uint8Array.of(5) });
  const later = open();
  later.clock.pass(91 * DAY_MS);
  expect([...later.operations.Decrypt({ CiphertextBlob }).Plaintext]).toEqual([5]);
});

it('a seed does not make its keys twice', () => {
  const seed = { keys: [], principals: {} };
  const { operations } = kmsWithClock({ stateFile, seed });
  operations.CreateKey({});
  kmsWithClock({ stateFile, seed });
  expect(open().operations.ListKeys({}).Keys).toHaveLength(1);
});

it('a state file that cannot be made is refused at the start, not at the first call', () => {
  const nowhere = join(folder, 'none', 'keys.json');
  expect(() => kmsWithClock({ stateFile: nowhere })).toThrow(
    /state file cannot be written: ENOENT/,
  );
});
