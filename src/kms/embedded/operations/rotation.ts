import { fault } from '../fault.ts';
import { requireState } from '../model/find.ts';
import type { Key, Material } from '../model/key.ts';
import { DAY_MS } from '../model/lapse.ts';
import { managedKey } from '../model/manage.ts';
import { rotate } from '../model/material.ts';
import { expirationMembers } from '../model/metadata.ts';
import { isSymmetric } from '../model/spec.ts';
import { page } from '../page.ts';
import { required, structure } from '../shape/collections.ts';
import { integer, text } from '../shape/scalars.ts';
import * as shapes from '../shape/shapes.ts';
import { operation } from './operation.ts';

const MOST_ON_DEMAND = 25;

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html */
export const enableKeyRotation = operation(
  structure({
    KeyId: required(shapes.keyId),
    RotationPeriodInDays: integer({ min: 90, max: 2560 }),
  }),
  (world, { KeyId, RotationPeriodInDays: periodInDays = 365 }, caller) => {
    const key = managedKey(world, KeyId, { caller, action: 'EnableKeyRotation' });
    requireAutomatic(key);
    requireState(key);
    refuseReplica(key);
    key.family.rotation = { periodInDays, next: world.now() + periodInDays * DAY_MS };
    world.changed();
    return {};
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html */
export const disableKeyRotation = operation(shapes.justKeyId, (world, input, caller) => {
  const key = managedKey(world, input.KeyId, { caller, action: 'DisableKeyRotation' });
  // KMS accepts this even for keys that can never rotate.
  if (!isSymmetric(key.spec)) return {};
  requireAutomatic(key);
  requireState(key);
  refuseReplica(key);
  key.family.rotation = undefined;
  world.changed();
  return {};
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html */
export const getKeyRotationStatus = operation(shapes.justKeyId, (world, input, caller) => {
  const key = managedKey(world, input.KeyId, { caller, action: 'GetKeyRotationStatus' });
  if (isSymmetric(key.spec)) requireAutomatic(key);
  const { rotation } = key.family;
  return {
    KeyRotationEnabled: rotation !== undefined && !key.deletion,
    KeyId: key.arn,
    ...(rotation && {
      RotationPeriodInDays: rotation.periodInDays,
      NextRotationDate: new Date(rotation.next),
    }),
  };
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html */
export const rotateKeyOnDemand = operation(shapes.justKeyId, (world, input, caller) => {
  const key = managedKey(world, input.KeyId, { caller, action: 'RotateKeyOnDemand' });
  requireState(key);
  requireSymmetric(key);
  refuseReplica(key);
  if (key.origin === 'EXTERNAL') requirePending(key);
  else if (key.family.onDemandRotations >= MOST_ON_DEMAND) throw tooManyRotations(key);
  rotate(world, key, { at: world.now(), type: 'ON_DEMAND' });
  key.family.onDemandRotations += 1;
  return { KeyId: key.arn };
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html */
export const listKeyRotations = operation(
  structure({
    KeyId: required(shapes.keyId),
    IncludeKeyMaterial: text({ values: ['ROTATIONS_ONLY', 'ALL_KEY_MATERIAL'] }),
    ...shapes.paging,
  }),
  (world, input, caller) => {
    const key = managedKey(world, input.KeyId, { caller, action: 'ListKeyRotations' });
    requireSymmetric(key);
    const all = [...key.family.materials.entries()]
      .filter(
        ([, material]) => input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL' || material.rotation,
      )
      .map(([index, material]) => ({ id: String(index).padStart(8, '0'), material }));
    const { items, rest } = page(all, input, { idOf: ({ id }) => id, usual: 100 });
    return { Rotations: items.map(({ material }) => rotationEntry(key, material)), ...rest };
  },
);

function rotationEntry(key: Key, material: Material) {
  const imported = key.origin === 'EXTERNAL';
  return {
    KeyId: key.arn,
    KeyMaterialId: material.id,
    ...(material.description !== undefined && { KeyMaterialDescription: material.description }),
    ...(imported && { ImportState: material.secret ? 'IMPORTED' : 'PENDING_IMPORT' }),
    KeyMaterialState: material.state,
    ...(imported && expirationMembers(material)),
    ...(material.rotation && {
      RotationDate: new Date(material.rotation.at),
      RotationType: material.rotation.type,
    }),
  };
}

/** Rotation by time is for symmetric keys whose material KMS makes. */
function requireAutomatic(key: Key): void {
  requireSymmetric(key);
  if (key.origin === 'AWS_KMS') return;
  throw unsupported(`${key.arn} origin is ${key.origin} which is not valid for this operation.`);
}

function requireSymmetric({ spec }: Key): void {
  if (!isSymmetric(spec)) throw unsupported('');
}

/** Rotation is a property that a multi-Region family shares, and its primary key sets it. */
function refuseReplica(key: Key): void {
  if (key.multiRegion !== 'REPLICA') return;
  throw unsupported(`${key.arn} is not a multi-region primary key.`);
}

function requirePending(key: Key): void {
  if (key.family.materials.some(({ state }) => state === 'PENDING_ROTATION')) return;
  throw fault(
    'KMSInvalidStateException',
    `No available key material pending rotation for the key: ${key.arn}.`,
  );
}

function tooManyRotations({ arn }: Key) {
  return fault(
    'LimitExceededException',
    `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
  );
}

function unsupported(message: string) {
  return fault('UnsupportedOperationException', message);
}
