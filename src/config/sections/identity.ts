import { z } from 'zod';
import { isLoopback } from '../../loopback.ts';
import { age, milliseconds, path, serviceUrl } from '../values.ts';

const mtls = z
  .strictObject({
    trust_domains: z
      .array(z.string().regex(/^[a-z0-9._-]{1,255}$/, 'must be a SPIFFE trust domain'))
      .default([])
      .describe(
        'SPIFFE trust domains that are taken, each by its own CAs; where empty the proxy’s own, or, with client_ca_file, whatever that signs.',
      ),
    name_from: z
      .enum(['dns', 'email', 'uri', 'subject', 'none'])
      .default('none')
      .describe('Which name of a certificate without a SPIFFE ID names the principal.'),
  })
  .describe('Client certificates.');

const jwksUrl = serviceUrl.refine((text) => {
  const url = URL.parse(text);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
}, 'must be https, or http on loopback');

const jwt = z
  .strictObject({
    issuer: z.string().min(1).describe('The iss claim.'),
    audience: z.array(z.string().min(1)).min(1).describe('The aud claim: one of these.'),
    jwks_file: path.optional().describe('JSON Web Key Set of the issuer, watched.'),
    jwks_url: jwksUrl.optional().describe('Where the issuer publishes it.'),
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
      .describe('Signature algorithms that are taken.'),
    subject_claim: z
      .string()
      .min(1)
      .default('sub')
      .describe('The claim that is the principal’s id.'),
    claims: z
      .array(z.string().min(1))
      .default([])
      .describe('Claims that policy sees as attributes.'),
    clock_tolerance_ms: milliseconds(5000).describe('How far clocks may differ.'),
    cache_ms: milliseconds(60_000).describe('How long a verified token is believed.'),
    refresh_ms: milliseconds(300_000, 1000).describe(
      'How often keys are fetched, or the file looked at.',
    ),
    max_age_ms: age(3_600_000).describe('How long keys are believed while unreachable.'),
  })
  .refine((jwt) => (jwt.jwks_file === undefined) !== (jwt.jwks_url === undefined), {
    message: 'set one of jwks_file and jwks_url',
  })
  .describe('Bearer tokens.');

export const identity = z
  .strictObject({
    require: z.boolean().default(false).describe('Refuse callers that cannot be identified.'),
    order: z
      .array(z.enum(['mtls', 'jwt', 'access_key', 'uds']))
      .default(['mtls', 'jwt', 'access_key', 'uds'])
      .describe('Which way of identifying a caller counts first.'),
    mtls: mtls.prefault({}),
    jwt: jwt.optional(),
  })
  .describe('Who calls.');
