import { z } from 'zod';
import { path } from '../values.ts';

const aws = z
  .strictObject({
    region: z.string().min(1).optional().describe('Region; else the SDK’s own rules.'),
    endpoint: z.url().optional().describe('Endpoint; https, but for loopback.'),
    transport: z
      .enum(['direct', 'sdk'])
      .default('direct')
      .describe('How a ReEncrypt travels: signed and sent by the proxy, or through the AWS SDK.'),
    allow_embedded: z
      .boolean()
      .default(false)
      .describe('Accept keys of an embedded KMS behind a loopback endpoint. For tests.'),
  })
  .describe('AWS KMS.');

const embedded = z
  .strictObject({
    state_file: path.optional().describe('Where keys are kept; in memory where unset.'),
    seed: path.optional().describe('YAML file of keys to make at first start.'),
  })
  .describe('The embedded KMS, for laptops and CI.');

export const kms = z
  .strictObject({
    backend: z.enum(['aws', 'embedded']).describe('Which KMS serves. It has no default.'),
    aws: aws.prefault({}),
    embedded: embedded.prefault({}),
  })
  .describe('The KMS behind the proxy.');
