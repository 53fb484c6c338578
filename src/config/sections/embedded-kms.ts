import { z } from 'zod';
import { path } from '../values.ts';

export const embedded = z
  .strictObject({
    state_file: path.optional().describe('Where keys are kept; in memory where unset.'),
    seed: path.optional().describe('YAML file of keys to make at first start.'),
    region: z
      .string()
      .regex(/^([a-z]+-){2,3}\d+$/, 'must be a Region such as us-east-1')
      .default('us-east-1')
      .describe('Region of the keys that the proxy uses.'),
    account: z
      .string()
      .regex(/^\d{12}$/, 'must be twelve digits, in quotes')
      .default('000000000000')
      .describe('Account of the keys that the proxy uses.'),
    in_production: z
      .boolean()
      .default(false)
      .describe('First of the two words that let it run where production is suspected.'),
  })
  .describe('The embedded KMS, for laptops and CI.');
