import { describe } from 'vitest';
import { createEmbeddedKms } from '../../../src/kms/embedded/embedded.ts';
import { readSeed } from '../../../src/kms/embedded/seed.ts';
import { ACCOUNT, type Driver, REGION } from './driver.ts';
import { kmsContract } from './suite.ts';

describe('the embedded KMS in process', () => {
  const seed = readSeed('test/kms/contract/seed.yaml');
  const kms = createEmbeddedKms({ region: REGION, account: ACCOUNT, now: Date.now, seed });
  const driver = (caller?: { region?: string; account?: string; principal?: string }): Driver => ({
    region: caller?.region ?? REGION,
    account: ACCOUNT,
    call: async (operation, input) => {
      const run = kms.operations[operation] as (
        input: unknown,
        caller?: object,
      ) => ReturnType<(typeof kms.operations)[typeof operation]>;
      return run(input, caller);
    },
    as: ({ region, principal }) =>
      driver({
        ...caller,
        ...(region && { region }),
        ...(principal && { principal, account: principal.split(':')[4] ?? ACCOUNT }),
      }),
  });
  const usual = driver();
  kmsContract(() => usual, { quick: true });
});
