import { z } from 'zod';
import { milliseconds } from '../values.ts';

export const keys = z
  .strictObject({
    describe: z.boolean().default(true).describe('Look keys up by DescribeKey; else only ARNs.'),
    tags: z.boolean().default(true).describe('Give policy the tags of keys (ListResourceTags).'),
    aliases: z.boolean().default(true).describe('Give policy the aliases of keys (ListAliases).'),
    forward: z
      .enum(['resolved', 'requested'])
      .default('resolved')
      .describe('Send KMS the ARNs that were judged, or the key ids as written.'),
    ttl_ms: milliseconds(60_000).describe('How long facts of a key are kept; 60,000 at most.'),
  })
  .describe('How key ids become key facts.');
