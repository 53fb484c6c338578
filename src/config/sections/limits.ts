import { z } from 'zod';
import { milliseconds } from '../values.ts';

const bucket = (perSecond: number, burst: number) =>
  z
    .strictObject({
      per_second: z.number().min(0).default(perSecond).describe('Calls a second; 0 is no limit.'),
      burst: z.int().min(1).default(burst).describe('Calls at once after a pause.'),
    })
    .prefault({});

const principal = z
  .strictObject({
    per_second: z.number().min(0).default(0).describe('Calls a second; 0 is no limit.'),
    burst: z.int().min(1).default(100).describe('Calls at once after a pause.'),
    max_in_flight: z.int().min(1).default(256).describe('Calls in flight.'),
  })
  .describe('For each principal.');

const kms = z
  .strictObject({
    max_in_flight: z.int().min(1).default(512).describe('Requests to KMS at once, at most.'),
    max_queue: z.int().min(0).default(64).describe('Calls that wait for a place.'),
    max_wait_ms: milliseconds(1000).describe('How long they wait, at most.'),
    retry_ratio: z
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe('Second tries as a share of the calls; two may be saved up.'),
  })
  .describe('Towards AWS KMS; the embedded one has no such limits.');

export const limits = z
  .strictObject({
    max_in_flight: z.int().min(1).default(512).describe('Calls at once.'),
    max_queue: z.int().min(0).default(256).describe('Calls that wait for a place.'),
    max_wait_ms: milliseconds(500).describe('How long they wait, at most.'),
    all: bucket(10_000, 10_000).describe('For all callers: the KMS quota is the account’s.'),
    per_principal: principal.prefault({}),
    per_key: bucket(0, 100).describe('For each key, source or destination; of AWS KMS alone.'),
    kms: kms.prefault({}),
  })
  .describe('How much is let through.');
