import { z } from 'zod';
import { isPrivate } from '../../addresses/loopback.ts';
import { age, milliseconds, path, serviceUrl } from '../values.ts';

const mtls = z
  .strictObject({
    trust_domains: z
      .array(z.string().regex(/^[a-z0-9._-]{1,255}$/, 'must be a SPIFFE trust domain'))
      .default([])
      .describe(
        'SPIFFE trust domains whose clients are accepted, each by its own CAs. If empty: the proxy’s own, or, with client_ca_file, any that it signs for.',
      ),
    name_from: z
      .enum(['dns', 'email', 'uri', 'subject', 'none'])
      .default('none')
      .describe('Which name in a certificate without a SPIFFE ID becomes the principal’s id.'),
  })
  .describe('How callers are identified by client certificate.');

const jwksUrl = serviceUrl.refine((text) => {
  const url = URL.parse(text);
  return url !== null && isPrivate(url);
}, 'must be https, or http on loopback');

const jwt = z
  .strictObject({
    issuer: z.string().min(1).describe('What the iss claim must be.'),
    audience: z.array(z.string().min(1)).min(1).describe('The aud claim must name one of these.'),
    jwks_file: path.optional().describe('File with the issuer’s JSON Web Key Set; it is watched.'),
    jwks_url: jwksUrl.optional().describe('URL of the issuer’s JSON Web Key Set.'),
    algorithms: z
      .array(
        z.enum([
          'RS256',
          'RS384',
          'RS512',
          'PS256',
          'PS384',
          'PS512',
          'ES256',
          'ES384',
          'ES512',
          'EdDSA',
        ]),
      )
      .min(1)
      .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
      .describe('Signature algorithms that are accepted.'),
    subject_claim: z
      .string()
      .min(1)
      .default('sub')
      .describe('The claim that becomes the principal’s id.'),
    claims: z
      .array(
        z
          .string()
          .min(1)
          .regex(/^(?!(?:issuer|__proto__)$)/, 'cannot be an attribute'),
      )
      .default([])
      .describe(
        'Claims that policy sees as attributes; empty where the caller has none. A list is joined by spaces, without its parts that hold one.',
      ),
    clock_tolerance_ms: milliseconds(5000).describe(
      'How much the issuer’s clock may differ from ours.',
    ),
    cache_ms: milliseconds(60_000).describe(
      'How long a verified token is accepted without verifying it again.',
    ),
    refresh_ms: milliseconds(300_000, 1000).describe(
      'How often the keys are fetched, or their file is checked for changes.',
    ),
    max_age_ms: age(3_600_000).describe(
      'How long keys stay valid while the issuer cannot be reached.',
    ),
  })
  .refine((jwt) => (jwt.jwks_file === undefined) !== (jwt.jwks_url === undefined), {
    message: 'set one of jwks_file and jwks_url',
  })
  .describe('How callers are identified by bearer token (JWT).');

export const identity = z
  .strictObject({
    require: z.boolean().default(false).describe('Refuse callers that cannot be identified.'),
    order: z
      .array(z.enum(['mtls', 'jwt', 'access_key', 'uds']))
      .default(['mtls', 'jwt', 'access_key', 'uds'])
      .describe('Ways to identify callers; the first that finds a principal counts.'),
    mtls: mtls.prefault({}),
    jwt: jwt.optional(),
  })
  .describe('How callers are identified.');
