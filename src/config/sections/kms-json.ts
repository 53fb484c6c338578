import { z } from 'zod';
import { address } from '../values.ts';

export const kmsJson = z
  .strictObject({
    listen: address
      .optional()
      .describe('Where AWS’s own protocol is served, for --endpoint-url. Off where unset.'),
  })
  .describe('The same service behind AWS KMS’s JSON protocol.');
