import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { messageOf } from '../../thrown.ts';
import { parseYaml } from '../../yaml.ts';
import { toSecret } from './import/unwrap.ts';
import { isEmbeddedKeyId } from './marks.ts';
import { addAlias, checkAliasName } from './model/alias.ts';
import { createKey, usageFor } from './model/create.ts';
import { defaultPolicy } from './model/default-policy.ts';
import { arnOf, type Caller } from './model/key-id.ts';
import { parsePolicy } from './model/policy.ts';
import { KEY_SPECS, KEY_USAGES } from './model/spec.ts';
import type { World } from './world.ts';

const seedKey = z.strictObject({
  alias: z.string().min(1).max(256).optional().describe('`alias/…` to point at the key.'),
  aliases: z.array(z.string().min(1).max(256)).default([]),
  key_id: z
    .string()
    .refine(isEmbeddedKeyId, 'must look like e0bedded-0000-8000-8000-000000000000')
    .optional()
    .describe('The same key id at every start.'),
  material: z
    .base64()
    .optional()
    .describe(
      'The same secret at every start, for tests: 32 bytes, or PKCS #8 DER for a key pair. Whoever can read the file has it.',
    ),
  description: z.string().max(8192).default(''),
  spec: z.enum(KEY_SPECS).default('SYMMETRIC_DEFAULT'),
  usage: z.enum(KEY_USAGES).optional(),
  multi_region: z.boolean().default(false),
  enabled: z.boolean().default(true),
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).default({}),
  policy: z.string().optional(),
  account: z
    .string()
    .regex(/^\d{12}$/)
    .optional()
    .describe('Another account than the usual one.'),
  region: z.string().min(1).optional().describe('Another Region than the usual one.'),
});

/** A second key of the same name would be taken for the first and silently skipped. */
function refuseTwice(keys: readonly z.infer<typeof seedKey>[], context: z.core.$RefinementCtx) {
  const seen = new Set<string>();
  for (const [index, { key_id, alias, aliases, account = '', region = '' }] of keys.entries()) {
    const names = alias === undefined ? aliases : [alias, ...aliases];
    const placed = names.map((name) => ({ name, at: `${account}/${region}/${name}` }));
    // A multi-Region family shares a key id, but a seed makes only single keys.
    const all = key_id === undefined ? placed : [...placed, { name: key_id, at: key_id }];
    for (const { name, at } of all) {
      const message = `${name} is given twice`;
      if (seen.has(at)) context.addIssue({ code: 'custom', path: [index], message });
      seen.add(at);
    }
  }
}

const principalArn = z
  .string()
  .regex(/^arn:[a-z-]+:(?:iam|sts)::\d{12}:.+$/, 'must be the ARN of a user, role or session');

const seedSchema = z.strictObject({
  keys: z.array(seedKey).superRefine(refuseTwice).default([]),
  principals: z
    .record(z.string(), principalArn)
    .default({})
    .describe('Access key id → the principal that it stands for.'),
});

/** Keys to make at the first start. */
export type Seed = z.infer<typeof seedSchema>;

/** @throws Error with one sentence that names the file and every wrong member. */
export function readSeed(file: string): Seed {
  let yaml: unknown;
  try {
    yaml = parseYaml(readFileSync(file, 'utf8'));
  } catch (cause) {
    const reason = messageOf(cause);
    throw new Error(`Seed file ${file} cannot be read: ${reason}`, { cause });
  }
  const result = seedSchema.safeParse(yaml ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`Seed file ${file} is not valid: ${problems.join('; ')}`);
}

/** Makes the keys of a seed; if one of a key's names is taken, the key already exists. */
export function sow(world: World, seed: Seed, usual: Caller): void {
  for (const wanted of seed.keys) {
    const place = {
      partition: usual.partition,
      account: wanted.account ?? usual.account,
      region: wanted.region ?? usual.region,
    };
    const names = [...(wanted.alias === undefined ? [] : [wanted.alias]), ...wanted.aliases];
    for (const name of names) checkAliasName(name);
    const known = names.some((name) => world.store.alias(arnOf(place, name)));
    if (!known && !isTaken(world, place.region, wanted.key_id)) plant(world, wanted, place, names);
  }
}

function isTaken(world: World, region: string, keyId: string | undefined): boolean {
  return keyId !== undefined && world.store.keyOfRegion(region, keyId) !== undefined;
}

type Place = Pick<Caller, 'partition' | 'account' | 'region'>;

function plant(world: World, wanted: Seed['keys'][number], place: Place, names: readonly string[]) {
  const key = createKey(world, {
    place,
    spec: wanted.spec,
    usage: usageFor(wanted.spec, wanted.usage),
    origin: 'AWS_KMS',
    multiRegion: wanted.multi_region,
    description: wanted.description,
    policy: wanted.policy === undefined ? defaultPolicy(place) : parsePolicy(wanted.policy),
    keyId: wanted.key_id,
    secret: secretOf(wanted),
  });
  key.enabled = wanted.enabled;
  for (const [name, value] of Object.entries(wanted.tags)) key.tags.set(name, value);
  for (const name of names) addAlias(world, name, key);
}

function secretOf({ material, spec, alias, key_id }: Seed['keys'][number]): KeyObject | undefined {
  if (material === undefined) return undefined;
  const secret = toSecret(spec, Buffer.from(material, 'base64'));
  if (secret) return secret;
  throw new Error(`The material of seeded key ${alias ?? key_id ?? ''} does not fit ${spec}.`);
}
