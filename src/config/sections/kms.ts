import { z } from 'zod';
import { isLoopback, isPrivate } from '../../loopback.ts';
import { path } from '../values.ts';

/** What is no URL at all is reported as that alone. */
const onUrl = (rule: (url: URL) => boolean) => (text: string) => {
  const url = URL.parse(text);
  return url === null || rule(url);
};

const isBare = ({ pathname, search, username, hash }: URL): boolean =>
  pathname === '/' && search === '' && username === '' && hash === '';

const aws = z
  .strictObject({
    region: z
      .string()
      .min(1)
      .optional()
      .describe('Region of KMS; if unset, the SDK’s own rules apply.'),
    endpoint: z
      .url('must be a URL, such as http://127.0.0.1:4599')
      .refine(onUrl(isPrivate), 'must be https:// (http:// only on loopback)')
      .refine(onUrl(isBare), 'must be scheme, host and port alone')
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
