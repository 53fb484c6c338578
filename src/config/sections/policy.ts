import { z } from 'zod';
import { milliseconds, path } from '../values.ts';

export const policy = z
  .strictObject({
    source: path.describe('An OPA bundle (.tar.gz) with a Wasm module.'),
    timeout_ms: milliseconds(50).describe('What one decision may take before it denies.'),
  })
  .describe('The Rego policy.');
