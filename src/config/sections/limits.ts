import { z } from 'zod';
import { milliseconds } from '../values.ts';

const bucket = (perSecond: number, burst: number) =>
  z.strictObject({
    per_second: z
      .number()
      .min(0)
      .default(perSecond)
      .describe('Calls per second; 0 means no limit.'),
    burst: z.int().min(1).default(burst).describe('How many calls may come at once after a pause.'),
  });

const principal = bucket(0, 100)
  .extend({
    max_in_flight: z.int().min(1).default(256).describe('Most calls of one principal at once.'),
  })
  .describe('Limits for each principal.');

const kms = z
  .strictObject({
    max_in_flight: z.int().min(1).default(512).describe('Most requests to KMS at once.'),
    max_queue: z.int().min(0).default(64).describe('Most calls that may wait for a place.'),
    max_wait_ms: milliseconds(1000).describe('How long a call may wait for a place.'),
    retry_ratio: z
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe('Most retries, as a share of the calls; two may be saved up.'),
  })
  .describe('Limits towards AWS KMS; the embedded one has none.');

export const limits = z
  .strictObject({
    max_in_flight: z.int().min(1).default(512).describe('Most calls at once.'),
    max_queue: z.int().min(0).default(256).describe('Most calls that may wait for a place.'),
    max_wait_ms: milliseconds(500).describe('How long a call may wait for a place.'),
    all: bucket(10_000, 10_000)
      .describe('Rate for all callers together: the KMS quota is the account’s.')
      .prefault({}),
    per_principal: principal.prefault({}),
    per_key: bucket(0, 100)
      .describe('Rate for each key, as source or destination; only with AWS KMS.')
      .prefault({}),
    kms: kms.prefault({}),
  })
  .describe('How many calls are let through.');
