import { z } from 'zod';
import { path } from '../values.ts';

export const audit = z
  .strictObject({
    file: path.describe('Where audit entries go, one JSON line an entry.'),
    durability: z
      .enum(['fsync', 'write'])
      .default('fsync')
      .describe('When an entry counts as recorded: on the disk, or with the kernel.'),
  })
  .describe('The audit log.');
