import { z } from 'zod';
import { audit } from './sections/audit.ts';
import { grpc } from './sections/grpc.ts';
import { admin, probe } from './sections/http.ts';
import { identity } from './sections/identity.ts';
import { keys } from './sections/keys.ts';
import { kms } from './sections/kms.ts';
import { kmsJson } from './sections/kms-json.ts';
import { life } from './sections/life.ts';
import { limits } from './sections/limits.ts';
import { policy } from './sections/policy.ts';

/** The whole configuration. Every default is stated here and nowhere else. */
export const configSchema = z.strictObject({
  grpc: grpc.prefault({}),
  kms_json: kmsJson.prefault({}),
  probe: probe.prefault({}),
  admin: admin.prefault({}),
  kms,
  keys: keys.prefault({}),
  policy,
  audit,
  identity: identity.prefault({}),
  limits: limits.prefault({}),
  life: life.prefault({}),
});

export type Config = z.infer<typeof configSchema>;
