import { z } from 'zod';
import { address, milliseconds, path } from '../values.ts';

const accessKey = z
  .strictObject({
    id: z
      .string()
      .regex(/^\w{3,128}$/, 'must have 3 to 128 letters, digits or _')
      .describe('The access key id, which becomes the principal.'),
    secret_file: path.describe('File with the secret access key alone; nobody else may read it.'),
  })
  .describe('A key that requests may be signed with.');

export const kmsJson = z
  .strictObject({
    listen: address
      .optional()
      .describe('Where AWS’s own protocol is served, for --endpoint-url. Off where unset.'),
    access_keys: z
      .array(accessKey)
      .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, {
        message: 'one id is there twice',
      })
      .default([])
      .describe('With any, requests must be signed by one of them; without, nobody is identified.'),
    max_connections: z
      .int()
      .min(1)
      .default(1024)
      .describe(
        'Open at once. With fewer than limits.max_in_flight and max_queue together, calls are cut off that would be refused.',
      ),
    max_clock_skew_ms: milliseconds(300_000).describe('How old or early a signature may be.'),
  })
  .describe('The same service behind AWS KMS’s JSON protocol.');
