import { createPrivateKey, createSecretKey } from 'node:crypto';
import type { Family, Key, Material } from '../model/key.ts';
import { secretBytes } from '../model/material.ts';
import { parsePolicy } from '../model/policy.ts';
import type { Store } from '../model/store.ts';
import type { StateDocument } from './document.ts';

export function toDocument(store: Store): StateDocument {
  const keys = store.keys();
  return {
    families: Object.fromEntries(keys.map(({ keyId, family }) => [keyId, familyEntry(family)])),
    keys: keys.map(keyEntry),
    aliases: [...store.aliases()],
  };
}

/** Puts what was kept into an empty store. @throws Error for a key without its family. */
export function fill(store: Store, document: StateDocument): void {
  const families = new Map(
    Object.entries(document.families).map(([keyId, entry]) => [keyId, toFamily(entry)]),
  );
  for (const entry of document.keys) {
    const shared = families.get(entry.keyId);
    if (!shared) throw new Error(`key ${entry.keyId} has no key material`);
    const restored = toKey(entry, shared);
    shared.members.push(restored);
    store.addKey(restored);
  }
  for (const entry of document.aliases) store.addAlias(entry);
}

type FamilyEntry = StateDocument['families'][string];

function familyEntry({ materials, rotation, onDemandRotations }: Family) {
  return { materials: materials.map(materialEntry), rotation, onDemandRotations };
}

function materialEntry({ secret, ...rest }: Material) {
  if (!secret) return { ...rest, type: 'secret' as const };
  const type: 'secret' | 'private' = secret.type === 'secret' ? 'secret' : 'private';
  return { ...rest, type, secret: secretBytes(secret).toString('base64') };
}

function keyEntry({ family: _family, policy, tags, grants, ...rest }: Key) {
  return {
    ...rest,
    policy: policy.text,
    tags: Object.fromEntries(tags),
    grants: [...grants.values()].map((each) => ({
      ...each,
      tokens: [...each.tokens],
      operations: [...each.operations],
    })),
  };
}

function toFamily({ materials, rotation, onDemandRotations }: FamilyEntry): Family {
  return { materials: materials.map(toMaterial), members: [], rotation, onDemandRotations };
}

function toMaterial({ type, secret, ...rest }: FamilyEntry['materials'][number]): Material {
  const { validTo, description, rotation } = rest;
  const bytes = secret === undefined ? undefined : Buffer.from(secret, 'base64');
  const restored =
    bytes &&
    (type === 'secret'
      ? createSecretKey(bytes)
      : createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }));
  return { ...rest, validTo, description, rotation, secret: restored };
}

function toKey(entry: StateDocument['keys'][number], family: Family): Key {
  const { multiRegion, deletion } = entry;
  return {
    ...entry,
    family,
    multiRegion,
    deletion: deletion && { windowInDays: deletion.windowInDays, at: deletion.at },
    policy: parsePolicy(entry.policy),
    tags: new Map(Object.entries(entry.tags)),
    grants: new Map(
      entry.grants.map((each) => [
        each.id,
        {
          ...each,
          name: each.name,
          retiringPrincipal: each.retiringPrincipal,
          constraints: each.constraints,
        },
      ]),
    ),
  };
}
