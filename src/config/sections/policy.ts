import { z } from 'zod';
import { isService } from '../../addresses/location.ts';
import { SIGNING_ALGORITHMS } from '../../signing-algorithms.ts';
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
    min_delay_seconds: seconds(60, 1).describe('Shortest time between two polls.'),
    max_delay_seconds: seconds(120, 1).describe('Longest time between two polls.'),
    long_polling_timeout_seconds: seconds(0).describe(
      'How long the service may hold a poll open; 0 turns long polling off.',
    ),
  })
  .refine((delays) => delays.min_delay_seconds <= delays.max_delay_seconds, {
    error: 'min_delay_seconds must not be more than max_delay_seconds',
  })
  .describe('How often the bundle service is asked.');

const service = z
  .strictObject({
    bearer_token_file: path.optional().describe('File with a bearer token, read for each request.'),
    ca_file: path
      .optional()
      .describe('PEM file of the CAs that the service’s certificate must come from.'),
    cert_file: path.optional().describe('PEM file of the proxy’s own certificate.'),
    key_file: path.optional().describe('PEM file of the private key of cert_file.'),
    polling: polling.prefault({}),
    persist: path
      .optional()
      .describe('File that keeps the last good bundle, for a start without the service.'),
  })
  .refine(({ cert_file: cert, key_file: key }) => (cert === undefined) === (key === undefined), {
    error: 'cert_file and key_file belong together: set both or neither',
  })
  .describe('The bundle service, if source is a URL.');

const signing = z
  .strictObject({
    keys: z
      .record(
        z.string().min(1),
        z.strictObject({
          algorithm: z.enum(SIGNING_ALGORITHMS),
          key_file: path.describe('PEM file of the public key.'),
        }),
      )
      .describe('Public keys, by their ids.'),
    keyid: z
      .string()
      .min(1)
      .optional()
      .describe('Id of the only key to accept; if unset, the one that the signature names.'),
    scope: z.string().default('').describe('Scope that the signature must name.'),
  })
  .refine(({ keys, keyid }) => keyid === undefined || Object.hasOwn(keys, keyid), {
    path: ['keyid'],
    error: 'must be one of the ids in policy.signing.keys',
  })
  .describe('If set, a bundle without a valid signature is refused.');

export const policy = z
  .strictObject({
    source: location,
    timeout_ms: milliseconds(50, 1).describe(
      'How long one decision may take before the call is denied.',
    ),
    memory_mib: z
      .int()
      .min(1)
      .max(1024)
      .default(16)
      .describe('Most memory of one decision, in MiB.'),
    enforce: z
      .boolean()
      .default(true)
      .describe('false: what policy denies is recorded and performed anyway. Read only at start.'),
    candidate: location
      .optional()
      .describe('A second policy that is asked about the same calls, and never obeyed.'),
    max_staleness_ms: age(86_400_000).describe(
      'If the bundle service is silent for longer, calls are refused.',
    ),
    size_limit_bytes: z
      .int()
      .min(1)
      .default(16_777_216)
      .describe('Most bytes of a bundle, packed or unpacked.'),
    service: service.prefault({}),
    signing: signing.optional(),
    capture_file: path
      .optional()
      .describe(
        'File that gets every input in full, with values in clear, for `policy replay`; mode 0600.',
      ),
  })
  .describe('The Rego policy.');
