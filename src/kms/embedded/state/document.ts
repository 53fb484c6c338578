import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Family, Key, Material } from '../model/key.ts';
import { parsePolicy } from '../model/policy.ts';
import { KEY_SPECS, KEY_USAGES } from '../model/spec.ts';
import type { Store } from '../model/store.ts';

const material = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  type: z.enum(['secret', 'private']),
  secret: z.base64().optional(),
  state: z.enum(['CURRENT', 'NON_CURRENT', 'PENDING_ROTATION']),
  validTo: z.number().optional(),
  description: z.string().optional(),
  rotation: z.strictObject({ at: z.number(), type: z.enum(['AUTOMATIC', 'ON_DEMAND']) }).optional(),
});

const family = z.strictObject({
  materials: z.array(material),
  rotation: z.strictObject({ periodInDays: z.number(), next: z.number() }).optional(),
  onDemandRotations: z.number(),
});

const stringMap = z.record(z.string(), z.string());

const grant = z.strictObject({
  id: z.string(),
  tokens: z.array(z.string()),
  name: z.string().optional(),
  createdAt: z.number(),
  granteePrincipal: z.string(),
  retiringPrincipal: z.string().optional(),
  issuingAccount: z.string(),
  operations: z.array(z.string()),
  constraints: z
    .strictObject({
      EncryptionContextSubset: stringMap.optional(),
      EncryptionContextEquals: stringMap.optional(),
      SourceArn: z.string().optional(),
    })
    .optional(),
});

const key = z.strictObject({
  arn: z.string(),
  partition: z.string(),
  account: z.string(),
  region: z.string(),
  keyId: z.string(),
  spec: z.enum(KEY_SPECS),
  usage: z.enum(KEY_USAGES),
  origin: z.enum(['AWS_KMS', 'EXTERNAL']),
  createdAt: z.number(),
  multiRegion: z.enum(['PRIMARY', 'REPLICA']).optional(),
  description: z.string(),
  enabled: z.boolean(),
  deletion: z.strictObject({ windowInDays: z.number(), at: z.number().optional() }).optional(),
  policy: z.string(),
  tags: stringMap,
  grants: z.array(grant),
});

const alias = z.strictObject({
  name: z.string(),
  arn: z.string(),
  account: z.string(),
  region: z.string(),
  targetKeyId: z.string(),
  createdAt: z.number(),
  updatedAt: z.number(),
});

/** Everything that an embedded KMS keeps, as plain JSON. A family goes under the key id that its keys share. */
export const stateDocument = z.strictObject({
  families: z.record(z.string(), family),
  keys: z.array(key),
  aliases: z.array(alias),
});
export type StateDocument = z.infer<typeof stateDocument>;

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

function familyEntry({ materials, rotation, onDemandRotations }: Family) {
  return { materials: materials.map(materialEntry), rotation, onDemandRotations };
}

function materialEntry({ secret, ...rest }: Material) {
  if (!secret) return { ...rest, type: 'secret' as const };
  const type: 'secret' | 'private' = secret.type === 'secret' ? 'secret' : 'private';
  return { ...rest, type, secret: bytesOf(secret).toString('base64') };
}

function bytesOf(secret: KeyObject): Buffer {
  return secret.type === 'secret'
    ? secret.export()
    : secret.export({ format: 'der', type: 'pkcs8' });
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

function toFamily({ materials, rotation, onDemandRotations }: z.infer<typeof family>): Family {
  return { materials: materials.map(toMaterial), members: [], rotation, onDemandRotations };
}

function toMaterial({ type, secret, ...rest }: z.infer<typeof material>): Material {
  const { validTo, description, rotation } = rest;
  const bytes = secret === undefined ? undefined : Buffer.from(secret, 'base64');
  const restored =
    bytes &&
    (type === 'secret'
      ? createSecretKey(bytes)
      : createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }));
  return { ...rest, validTo, description, rotation, secret: restored };
}

function toKey(entry: z.infer<typeof key>, family: Family): Key {
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
