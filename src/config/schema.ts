import { z } from 'zod';
import { embeddedDoors, noCircle, oneDoorEach } from './addresses.ts';
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

const TRUST_DOMAINS = ['identity', 'mtls', 'trust_domains'];

/** The whole configuration. A proxy has its defaults from here; those of its parts are for tests and tools. */
export const configSchema = z
  .strictObject({
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
  })
  .check(oneDoorEach)
  .check(noCircle)
  .check(embeddedDoors)
  .refine(
    ({ grpc: { tls }, identity: { mtls } }) =>
      tls?.client_ca_file === undefined || mtls.trust_domains.length < 2,
    {
      message:
        'one file of CAs vouches for one trust domain; bundles of several come from grpc.tls.spiffe_socket',
      path: TRUST_DOMAINS,
    },
  )
  .refine(
    ({ grpc: { tls }, identity: { mtls } }) =>
      !(tls?.spiffe_socket && tls.cert_file) || mtls.trust_domains.length > 0,
    { message: 'must name those whose CAs come from grpc.tls.spiffe_socket', path: TRUST_DOMAINS },
  );

export type Config = z.infer<typeof configSchema>;
