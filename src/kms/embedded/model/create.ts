import { type KeyObject, randomBytes } from 'node:crypto';
import { validation } from '../fault.ts';
import { markedKeyId } from '../marks.ts';
import type { World } from '../world.ts';
import type { Family, Key } from './key.ts';
import { arnOf, type Caller } from './key-id.ts';
import { newMaterial, newSecret } from './material.ts';
import type { KeyPolicy } from './policy.ts';
import { algorithmsOf, type KeySpec, type KeyUsage } from './spec.ts';

interface NewKey {
  readonly place: Pick<Caller, 'partition' | 'account' | 'region'>;
  readonly spec: KeySpec;
  readonly usage: KeyUsage;
  readonly origin: Key['origin'];
  readonly multiRegion: boolean;
  readonly description: string;
  readonly policy: KeyPolicy;
  /** Given by seeds that want the same key id at every start. */
  readonly keyId?: string | undefined;
  /** Given by seeds that want the same ciphertexts to open at every start. */
  readonly secret?: KeyObject | undefined;
}

/** Makes a key and puts it into the store. */
export function createKey(world: World, wanted: NewKey): Key {
  const { place, spec, origin } = wanted;
  const keyId = wanted.keyId ?? markedKeyId(randomBytes(12), wanted.multiRegion);
  const family: Family = { materials: [], members: [], rotation: undefined, onDemandRotations: 0 };
  if (origin === 'AWS_KMS') {
    family.materials.push(newMaterial(keyId, wanted.secret ?? newSecret(spec)));
  }
  const key: Key = {
    arn: arnOf(place, `key/${keyId}`),
    partition: place.partition,
    account: place.account,
    region: place.region,
    keyId,
    spec,
    usage: wanted.usage,
    origin,
    createdAt: world.now(),
    family,
    multiRegion: wanted.multiRegion ? 'PRIMARY' : undefined,
    description: wanted.description,
    enabled: true,
    deletion: undefined,
    policy: wanted.policy,
    tags: new Map(),
    grants: new Map(),
  };
  family.members.push(key);
  world.store.addKey(key);
  world.changed();
  return key;
}

/** The usage that KMS gives a key of the spec. @throws ValidationException where the two do not fit. */
export function usageFor(spec: KeySpec, usage: KeyUsage | undefined): KeyUsage {
  if (usage === undefined && spec !== 'SYMMETRIC_DEFAULT') {
    throw validation(
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    );
  }
  const settled = usage ?? 'ENCRYPT_DECRYPT';
  if (algorithmsOf(spec, settled).length === 0) {
    throw validation(`KeyUsage ${settled} is not compatible with KeySpec ${spec}`);
  }
  return settled;
}
