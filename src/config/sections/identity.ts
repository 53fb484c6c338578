import { z } from 'zod';

export const identity = z
  .strictObject({
    require: z.boolean().default(false).describe('Refuse callers that cannot be identified.'),
  })
  .describe('Who calls.');
