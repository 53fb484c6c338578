import { z } from 'zod';
import { embedded } from './embedded-kms.ts';

const aws = z
  .strictObject({
    region: z.string().min(1).optional().describe('Region; else the SDK’s own rules.'),
    endpoint: z
      .url('must be a URL, such as http://127.0.0.1:4599')
      .optional()
      .describe('Endpoint; https, but for loopback.'),
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

export const kms = z
  .strictObject({
    backend: z.enum(['aws', 'embedded']).describe('Which KMS serves. It has no default.'),
    aws: aws.prefault({}),
    embedded: embedded.prefault({}),
  })
  .describe('The KMS behind the proxy.');
