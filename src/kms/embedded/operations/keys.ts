import { fault } from '../fault.ts';
import { authorize } from '../model/authorize.ts';
import { findKeyToShow, requireState } from '../model/find.ts';
import { type Key, stateOf } from '../model/key.ts';
import { DAY_MS, lapse } from '../model/lapse.ts';
import { managedKey } from '../model/manage.ts';
import { keyMetadata } from '../model/metadata.ts';
import { page } from '../page.ts';
import { required, structure } from '../shape/collections.ts';
import { integer } from '../shape/scalars.ts';
import * as shapes from '../shape/shapes.ts';
import { operation } from './operation.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html */
export const listKeys = operation(structure(shapes.paging), (world, input, caller) => {
  const own = world.store
    .keys()
    .filter(({ account, region }) => account === caller.account && region === caller.region)
    .filter((key) => lapse(world, key));
  const { items, rest } = page(own, input, { idOf: ({ keyId }) => keyId, usual: 100 });
  return { Keys: items.map(({ keyId, arn }) => ({ KeyId: keyId, KeyArn: arn })), ...rest };
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html */
export const describeKey = operation(
  structure({ KeyId: required(shapes.keyId), GrantTokens: shapes.grantTokens }),
  (world, input, caller) => {
    const key = findKeyToShow(world, input.KeyId, caller);
    authorize(world, { key, caller, action: 'DescribeKey', grantTokens: input.GrantTokens });
    return { KeyMetadata: keyMetadata(key) };
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html */
export const enableKey = operation(shapes.justKeyId, (world, input, caller) => {
  const key = managedKey(world, input.KeyId, { caller, action: 'EnableKey' });
  requireState(key, 'Disabled');
  key.enabled = true;
  // Rotations missed meanwhile are made up for by a single one, now.
  const { rotation } = key.family;
  if (rotation) rotation.next = Math.max(rotation.next, world.now());
  world.changed();
  return {};
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKey.html */
export const disableKey = operation(shapes.justKeyId, (world, input, caller) => {
  const key = managedKey(world, input.KeyId, { caller, action: 'DisableKey' });
  requireState(key, 'Disabled');
  key.enabled = false;
  world.changed();
  return {};
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateKeyDescription.html */
export const updateKeyDescription = operation(
  structure({ KeyId: required(shapes.keyId), Description: required(shapes.description) }),
  (world, input, caller) => {
    const key = managedKey(world, input.KeyId, { caller, action: 'UpdateKeyDescription' });
    requireState(key, 'Disabled', 'PendingImport');
    key.description = input.Description;
    world.changed();
    return {};
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html */
export const scheduleKeyDeletion = operation(
  structure({
    KeyId: required(shapes.keyId),
    PendingWindowInDays: integer({ min: 7, max: 30 }),
  }),
  (world, { KeyId, PendingWindowInDays: windowInDays = 30 }, caller) => {
    const key = managedKey(world, KeyId, { caller, action: 'ScheduleKeyDeletion' });
    requireState(key, 'Disabled', 'PendingImport');
    const at = hasReplicas(key) ? undefined : world.now() + windowInDays * DAY_MS;
    key.deletion = { windowInDays, at };
    world.changed();
    return {
      KeyId: key.arn,
      ...(at !== undefined && { DeletionDate: new Date(at) }),
      KeyState: stateOf(key),
      PendingWindowInDays: windowInDays,
    };
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html */
export const cancelKeyDeletion = operation(shapes.justKeyId, (world, input, caller) => {
  const key = managedKey(world, input.KeyId, { caller, action: 'CancelKeyDeletion' });
  if (!key.deletion) {
    throw fault('KMSInvalidStateException', `${key.arn} is not pending deletion.`);
  }
  key.deletion = undefined;
  key.enabled = false;
  world.changed();
  return { KeyId: key.arn };
});

/** A primary key waits for its replicas before its own waiting period begins. */
function hasReplicas(key: Key): boolean {
  return key.multiRegion === 'PRIMARY' && key.family.members.length > 1;
}
