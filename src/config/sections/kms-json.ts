import { z } from 'zod';
import { address, milliseconds, path } from '../values.ts';

const accessKey = z
  .strictObject({
    id: z
      .string()
      .regex(/^\w{3,128}$/, 'must have 3 to 128 letters, digits or _')
      .describe('The access key id, which becomes the principal.'),
    secret_file: path.describe(
      'File that holds only the secret access key; read at the start. Its mode must be 0640 or 0600.',
    ),
  })
  .describe('A key that requests may be signed with.');

export const kmsJson = z
  .strictObject({
    listen: address
      .optional()
      .describe('Where AWS’s own protocol is served, for --endpoint-url. Off if unset.'),
    access_keys: z
      .array(accessKey)
      .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, {
        message: 'one id is there twice',
      })
      .default([])
      .describe(
        'If there are any, each request must be signed by one of them. If not, signatures identify nobody.',
      ),
    max_connections: z
      .int()
      .min(1)
      .default(1024)
      .describe(
        'Most connections at once. If less than limits.max_in_flight plus max_queue, calls are cut off instead of refused.',
      ),
    max_clock_skew_ms: milliseconds(300_000).describe(
      'How far the time of a signature may be from ours.',
    ),
  })
  .describe('The same service behind AWS KMS’s JSON protocol.');
