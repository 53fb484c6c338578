import { z } from 'zod';
import { milliseconds } from '../values.ts';

export const life = z
  .strictObject({
    lame_duck_ms: milliseconds(1000).describe(
      'How long new calls are still accepted after NOT_SERVING.',
    ),
    drain_ms: milliseconds(10_000).describe('How long accepted calls may then take to end.'),
  })
  .describe('How the proxy ends.');
