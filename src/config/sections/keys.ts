import { z } from 'zod';

export const keys = z
  .strictObject({
    describe: z
      .boolean()
      .default(true)
      .describe('Look keys up by DescribeKey. Without it, keys must be named by ARN.'),
    tags: z.boolean().default(true).describe('Give policy the tags of keys (ListResourceTags).'),
    aliases: z.boolean().default(true).describe('Give policy the aliases of keys (ListAliases).'),
    own_account: z
      .string()
      .regex(/^\d{12}$/, 'must be an account id of 12 digits')
      .optional()
      .describe(
        'Account of the proxy. If set, tags and aliases are looked up only for its keys, because KMS lists no others.',
      ),
    forward: z
      .enum(['resolved', 'requested'])
      .default('resolved')
      .describe('Send KMS the ARNs that were judged, or the key ids as written.'),
    ttl_ms: z
      .int()
      .min(0)
      .max(60_000)
      .default(60_000)
      .describe('How long facts about a key are cached; 60,000 at most.'),
  })
  .describe('What is looked up about keys.');
