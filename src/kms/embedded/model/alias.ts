import { fault, validation } from '../fault.ts';
import type { World } from '../world.ts';
import type { Key } from './key.ts';
import { arnOf } from './key-id.ts';
import type { Alias } from './store.ts';

/** Points a new alias at a key of the same account and Region. */
export function addAlias(world: World, name: string, key: Key): void {
  const { account, region, keyId } = key;
  const arn = arnOf(key, name);
  if (world.store.alias(arn)) {
    throw fault('AlreadyExistsException', `An alias with the name ${arn} already exists`);
  }
  const others = world.store.aliases().filter((each) => isOf(key, each));
  if (others.length >= MOST_ALIASES) {
    throw fault('LimitExceededException', `Key ${key.arn} has ${MOST_ALIASES} aliases already.`);
  }
  const now = world.now();
  world.store.addAlias({
    name,
    arn,
    account,
    region,
    targetKeyId: keyId,
    createdAt: now,
    updatedAt: now,
  });
  world.changed();
}

const MOST_ALIASES = 50;

function isOf({ account, region, keyId }: Key, alias: Alias): boolean {
  return alias.account === account && alias.region === region && alias.targetKeyId === keyId;
}

/** @throws as KMS does for names that no customer's alias can have. */
export function checkAliasName(name: string): void {
  if (!name.startsWith('alias/') || name === 'alias/') {
    throw validation(
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    );
  }
  if (name.startsWith('alias/aws/')) throw fault('NotAuthorizedException', '');
  if (name.includes(':')) throw validation(`${name} contains invalid characters for an alias`);
}
