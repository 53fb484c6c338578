import { notFound, validation } from '../fault.ts';
import { addAlias, checkAliasName } from '../model/alias.ts';
import { authorize } from '../model/authorize.ts';
import { findOwnKey, requireState } from '../model/find.ts';
import type { Key } from '../model/key.ts';
import { arnOf, type Caller } from '../model/key-id.ts';
import { ownKey } from '../model/manage.ts';
import { isSymmetric } from '../model/spec.ts';
import type { Alias } from '../model/store.ts';
import { page } from '../page.ts';
import { required, structure } from '../shape/collections.ts';
import * as shapes from '../shape/shapes.ts';
import type { World } from '../world.ts';
import { operation } from './operation.ts';

const aliasAndTarget = structure({
  AliasName: required(shapes.aliasName),
  TargetKeyId: required(shapes.keyId),
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html */
export const createAlias = operation(aliasAndTarget, (world, input, caller) => {
  checkAliasName(input.AliasName);
  const key = targetKey(world, input.TargetKeyId, caller);
  authorize(world, { key, caller, action: 'CreateAlias' });
  requireState(key, 'Disabled', 'PendingImport');
  addAlias(world, input.AliasName, key);
  return {};
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html */
export const updateAlias = operation(aliasAndTarget, (world, input, caller) => {
  checkAliasName(input.AliasName);
  const alias = ownAlias(world, input.AliasName, caller);
  const key = targetKey(world, input.TargetKeyId, caller);
  authorize(world, { key, caller, action: 'UpdateAlias' });
  requireState(key, 'Disabled', 'PendingImport');
  const before = keyBehind(world, alias);
  if (before) authorize(world, { key: before, caller, action: 'UpdateAlias' });
  if (before) checkMove(input.AliasName, before, key);
  alias.targetKeyId = key.keyId;
  alias.updatedAt = world.now();
  world.changed();
  return {};
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html */
export const deleteAlias = operation(
  structure({ AliasName: required(shapes.aliasName) }),
  (world, input, caller) => {
    checkAliasName(input.AliasName);
    const alias = ownAlias(world, input.AliasName, caller);
    const key = keyBehind(world, alias);
    if (key) authorize(world, { key, caller, action: 'DeleteAlias' });
    world.store.removeAlias(alias);
    world.changed();
    return {};
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html */
export const listAliases = operation(
  structure({ KeyId: shapes.keyId, ...shapes.paging }),
  (world, input, caller) => {
    const { KeyId } = input;
    const key =
      KeyId === undefined ? undefined : ownKey(world, KeyId, { caller, action: 'ListAliases' });
    const all = world.store
      .aliases()
      .filter((alias) => alias.account === caller.account && alias.region === caller.region)
      .filter((alias) => key === undefined || alias.targetKeyId === key.keyId);
    const { items, rest } = page(all, input, { idOf: ({ name }) => name, usual: 50 });
    return { Aliases: items.map(aliasEntry), ...rest };
  },
);

function targetKey(world: World, written: string, caller: Caller): Key {
  if (written.startsWith('alias/') || written.includes(':alias/')) {
    throw validation('Aliases must refer to keys. Not aliases');
  }
  return findOwnKey(world, written, caller);
}

function ownAlias(world: World, name: string, caller: Caller): Alias {
  const arn = arnOf(caller, name);
  const alias = world.store.alias(arn);
  if (!alias) throw notFound(`Alias ${arn} is not found.`);
  return alias;
}

function keyBehind(world: World, { region, targetKeyId }: Alias): Key | undefined {
  return world.store.keyOfRegion(region, targetKeyId);
}

/** Keys can stand in for each other only where both are of one type and for one usage. */
function checkMove(name: string, from: Key, to: Key): void {
  const differ = (what: string, is: string, wanted: string) =>
    validation(
      `Alias ${name} cannot be changed from a CMK with ${what} ${is} to a CMK with ${what} ${wanted}. The ${what} of the current CMK and the new CMK must be the same.`,
    );
  if (from.usage !== to.usage) throw differ('key usage', from.usage, to.usage);
  if (typeOf(from) !== typeOf(to)) throw differ('key type', typeOf(from), typeOf(to));
}

function typeOf({ spec }: Key): string {
  return isSymmetric(spec) || spec.startsWith('HMAC_') ? 'SYMMETRIC' : 'ASYMMETRIC';
}

function aliasEntry({ name, arn, targetKeyId, createdAt, updatedAt }: Alias) {
  return {
    AliasName: name,
    AliasArn: arn,
    TargetKeyId: targetKeyId,
    CreationDate: new Date(createdAt),
    LastUpdatedDate: new Date(updatedAt),
  };
}
