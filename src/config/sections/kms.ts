import { z } from 'zod';
import { endpointFaults } from '../../addresses/kms-endpoint.ts';
import { isLoopback } from '../../addresses/loopback.ts';
import { path } from '../values.ts';

const aws = z
  .strictObject({
    region: z
      .string()
      .min(1)
      .optional()
      .describe('Region of KMS; if unset, the SDK’s own rules apply.'),
    endpoint: z
      .url('must be a URL, such as http://127.0.0.1:4599')
      .check(({ value, issues }) => {
        const url = URL.parse(value);
        // What is no URL at all is reported as that alone.
        for (const message of url ? endpointFaults(url) : []) {
          issues.push({ code: 'custom', message, input: value });
        }
      })
      .optional()
      .describe('Endpoint of KMS; https, except on loopback.'),
    transport: z
      .enum(['direct', 'sdk'])
      .default('direct')
      .describe('How a ReEncrypt travels: signed and sent by the proxy, or through the AWS SDK.'),
    allow_embedded: z
      .boolean()
      .default(false)
      .describe('Accept keys of an embedded KMS behind a loopback endpoint. For tests.'),
  })
  .refine(
    ({ allow_embedded: allowed, endpoint = '' }) =>
      !allowed || isLoopback(URL.parse(endpoint)?.hostname ?? ''),
    { message: 'needs a loopback kms.aws.endpoint', path: ['allow_embedded'] },
  )
  .describe('AWS KMS.');

const embedded = z
  .strictObject({
    state_file: path.optional().describe('File where keys are kept; if unset, only in memory.'),
    seed: path.optional().describe('YAML file of keys to make at the first start.'),
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
      .describe('The first of two confirmations that let it run where production is suspected.'),
  })
  .describe('The embedded KMS, for laptops and CI.');

export const kms = z
  .strictObject({
    backend: z.enum(['aws', 'embedded']).describe('Which KMS serves. It has no default.'),
    aws: aws.prefault({}),
    embedded: embedded.prefault({}),
  })
  .describe('The KMS behind the proxy.');
