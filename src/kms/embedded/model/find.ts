import { fault, notFound } from '../fault.ts';
import type { World } from '../world.ts';
import { type Key, type KeyState, stateOf } from './key.ts';
import { type Caller, type KeyReference, parseKeyId } from './key-id.ts';
import { lapse } from './lapse.ts';

/** A key by id, ARN, alias or alias ARN, as cryptographic operations accept it. */
export function findKey(world: World, written: string, caller: Caller): Key {
  return findBy(world, parseKeyId(written, caller, { invalidArn: false }));
}

/** The same for operations that describe keys, which answer invalid ARNs with an error of their own. */
export function findKeyToShow(world: World, written: string, caller: Caller): Key {
  return findBy(world, parseKeyId(written, caller, { invalidArn: true }));
}

function findBy(world: World, reference: KeyReference): Key {
  return reference.form === 'alias_name' || reference.form === 'alias_arn'
    ? keyOfAlias(world, reference)
    : keyOfReference(world, reference);
}

/** A key by id or ARN only, as required by the operations that manage keys. */
export function findOwnKey(world: World, written: string, caller: Caller): Key {
  const reference = parseKeyId(written, caller, { invalidArn: true });
  if (reference.form === 'alias_name' || reference.form === 'alias_arn') {
    throw notFound(`Invalid keyId '${written}'`);
  }
  return keyOfReference(world, reference);
}

/** The key that made a symmetric ciphertext: in the caller's Region, of any account. */
export function findKeyOfRegion(world: World, region: string, keyId: string): Key | undefined {
  const key = world.store.keyOfRegion(region, keyId);
  return key && lapse(world, key);
}

const STATE_WORDS: Readonly<Record<Exclude<KeyState, 'Enabled'>, string>> = {
  Disabled: 'disabled',
  PendingDeletion: 'pending deletion',
  PendingReplicaDeletion: 'pending replica deletion',
  PendingImport: 'pending import',
};

/** @throws DisabledException or KMSInvalidStateException unless the key is in one of the states. */
export function requireState(key: Key, ...allowed: readonly KeyState[]): void {
  const state = stateOf(key);
  if (state === 'Enabled' || allowed.includes(state)) return;
  const code = state === 'Disabled' ? 'DisabledException' : 'KMSInvalidStateException';
  throw fault(code, `${key.arn} is ${STATE_WORDS[state]}.`);
}

function keyOfAlias(world: World, { arn, account, region }: KeyReference): Key {
  const alias = world.store.alias(arn);
  const target = alias && world.store.keyOfRegion(region, alias.targetKeyId);
  const key = target?.account === account ? lapse(world, target) : undefined;
  if (!key) throw notFound(`Alias ${arn} is not found.`);
  return key;
}

function keyOfReference(world: World, { arn }: KeyReference): Key {
  const found = world.store.key(arn);
  const key = found && lapse(world, found);
  if (!key) throw notFound(`Key '${arn}' does not exist`);
  return key;
}

/** @throws UnsupportedOperationException for a key that KMS made the material of. */
export function requireExternal(key: Key): void {
  if (key.origin === 'EXTERNAL') return;
  throw fault(
    'UnsupportedOperationException',
    `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
  );
}
