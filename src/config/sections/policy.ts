import { z } from 'zod';
import { isService } from '../../files/location.ts';
import { age, milliseconds, path } from '../values.ts';

const location = z
  .string()
  .min(1)
  .refine((text) => !isService(text) || URL.canParse(text), 'must be a URL that can be read')
  .describe('A bundle (.tar.gz), a folder of Rego, or the http(s) URL of a bundle service.');

const DAY_SECONDS = 86_400;
const seconds = (fallback: number, least = 0) =>
  z.int().min(least).max(DAY_SECONDS).default(fallback);

const polling = z
  .strictObject({
    min_delay_seconds: seconds(60, 1).describe('Least time between two polls.'),
    max_delay_seconds: seconds(120, 1).describe('Longest time between two polls.'),
    long_polling_timeout_seconds: seconds(0).describe('What a server may hold a poll; 0 is off.'),
  })
  .refine((delays) => delays.min_delay_seconds <= delays.max_delay_seconds, {
    error: 'min_delay_seconds must not be more than max_delay_seconds',
  })
  .describe('How often a bundle service is asked.');

const service = z
  .strictObject({
    bearer_token_file: path.optional().describe('File with a bearer token, read for each request.'),
    ca_file: path.optional().describe('PEM of the authorities that the service is trusted by.'),
    cert_file: path.optional().describe("PEM of the proxy's own certificate."),
    key_file: path.optional().describe("PEM of that certificate's key."),
    polling: polling.prefault({}),
    persist: path
      .optional()
      .describe('Where the last good bundle is kept, for a start without it.'),
  })
  .refine(({ cert_file: cert, key_file: key }) => (cert === undefined) === (key === undefined), {
    error: 'cert_file and key_file belong together: set both or neither',
  })
  .describe('The bundle service, where source is a URL.');

const signing = z
  .strictObject({
    keys: z
      .record(
        z.string().min(1),
        z.strictObject({
          algorithm: z.enum(['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA']),
          key_file: path.describe('PEM of the public key.'),
        }),
      )
      .describe('Public keys by id.'),
    keyid: z.string().min(1).optional().describe('The one key to use; else the one it names.'),
    scope: z.string().default('').describe('Scope that the signature must have.'),
  })
  .refine(({ keys, keyid }) => keyid === undefined || Object.hasOwn(keys, keyid), {
    path: ['keyid'],
    error: 'must be one of the ids in policy.signing.keys',
  })
  .describe('Where given, a bundle without a right signature is refused.');

export const policy = z
  .strictObject({
    source: location,
    timeout_ms: milliseconds(50).describe('What one decision may take before it denies.'),
    memory_mib: z.int().min(1).max(1024).default(16).describe('Memory of one decision, in MiB.'),
    enforce: z
      .boolean()
      .default(true)
      .describe('false: record what policy denies, and do it all the same. At start only.'),
    candidate: location.optional().describe('A second policy: asked beside, never obeyed.'),
    max_staleness_ms: age(86_400_000).describe('Silence of a service that stops calls.'),
    size_limit_bytes: z.int().min(1).default(16_777_216).describe('Bytes of a bundle, unpacked.'),
    service: service.prefault({}),
    signing: signing.optional(),
    capture_file: path
      .optional()
      .describe('Gets every input whole, values in clear, for `policy replay`; mode 0600.'),
  })
  .describe('The Rego policy.');
