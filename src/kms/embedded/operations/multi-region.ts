import { fault, notFound } from '../fault.ts';
import { requireState } from '../model/find.ts';
import type { Key } from '../model/key.ts';
import { arnOf } from '../model/key-id.ts';
import { managedKey } from '../model/manage.ts';
import { keyMetadata } from '../model/metadata.ts';
import { addTags } from '../model/tags.ts';
import { required, structure } from '../shape/collections.ts';
import { flag } from '../shape/scalars.ts';
import * as shapes from '../shape/shapes.ts';
import { operation } from './operation.ts';
import { policyFor } from './policy-for.ts';

/**
 * The replica shares key id and material with its primary; policy, tags, grants and state are its own.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html
 */
export const replicateKey = operation(
  structure({
    KeyId: required(shapes.keyId),
    ReplicaRegion: required(shapes.region),
    Policy: shapes.policy,
    BypassPolicyLockoutSafetyCheck: flag,
    Description: shapes.description,
    Tags: shapes.tags,
  }),
  (world, input, caller) => {
    const primary = managedKey(world, input.KeyId, { caller, action: 'ReplicateKey' });
    requireState(primary);
    requirePrimary(primary);
    const region = input.ReplicaRegion;
    if (primary.family.members.some((member) => member.region === region)) {
      throw fault('AlreadyExistsException', `Key ${primary.keyId} already exists in ${region}.`);
    }
    const replica: Key = {
      ...primary,
      arn: arnOf({ ...primary, region }, `key/${primary.keyId}`),
      region,
      createdAt: world.now(),
      multiRegion: 'REPLICA',
      description: input.Description ?? '',
      policy: policyFor(input, caller),
      tags: new Map(),
      grants: new Map(),
    };
    addTags(replica.tags, input.Tags ?? []);
    primary.family.members.push(replica);
    world.store.addKey(replica);
    world.changed();
    return {
      // KMS answers before it is done; here the replica can be used from the next call on.
      ReplicaKeyMetadata: { ...keyMetadata(replica), KeyState: 'Creating', Enabled: false },
      ReplicaPolicy: replica.policy.text,
      ...(input.Tags && { ReplicaTags: input.Tags }),
    };
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html */
export const updatePrimaryRegion = operation(
  structure({ KeyId: required(shapes.keyId), PrimaryRegion: required(shapes.region) }),
  (world, input, caller) => {
    const primary = managedKey(world, input.KeyId, { caller, action: 'UpdatePrimaryRegion' });
    requireState(primary);
    requirePrimary(primary);
    const next = primary.family.members.find(({ region }) => region === input.PrimaryRegion);
    if (!next) {
      throw notFound(
        `Key '${arnOf({ ...primary, region: input.PrimaryRegion }, `key/${primary.keyId}`)}' does not exist`,
      );
    }
    requireState(next);
    primary.multiRegion = 'REPLICA';
    next.multiRegion = 'PRIMARY';
    world.changed();
    return {};
  },
);

function requirePrimary(key: Key): void {
  if (key.multiRegion === 'PRIMARY') return;
  throw fault('UnsupportedOperationException', `${key.arn} is not a multi-region primary key.`);
}
