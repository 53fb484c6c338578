import { z } from 'zod';
import { KEY_SPECS, KEY_USAGES } from '../model/spec.ts';

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
