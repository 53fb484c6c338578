import { z } from 'zod';
import { milliseconds } from '../values.ts';

export const life = z
  .strictObject({
    lame_duck_ms: milliseconds(1000).describe('From NOT_SERVING until no call is taken any more.'),
    drain_ms: milliseconds(10_000).describe('Until accepted calls must have ended.'),
  })
  .describe('How the proxy ends.');
