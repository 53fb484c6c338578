import process from 'node:process';
import { defineConfig } from 'vitest/config';

/** CI names a file for a report that it can add up. */
const report = process.env['TEST_REPORT'];

/** Of what is generated, a few in `npm test` and all of it here. */
const share = Number(process.env['FAULT_SHARE'] ?? 1);
process.env['FAITHFUL_RUNS'] ??= String(Math.round(20_000 * share));
process.env['SIGNED_RUNS'] ??= String(Math.round(10_000 * share));

export default defineConfig({
  test: {
    reporters: report ? ['default', 'json'] : ['default'],
    outputFile: report ?? '',
    include: [
      'test/faults/**/*.test.ts',
      'test/e2e/faithful.test.ts',
      'test/kms/aws/signer.test.ts',
    ],
    globalSetup: ['test/helpers/temporary-folder.ts'],
    // A thousand reloads of a whole proxy take ten minutes where the machine has other work.
    testTimeout: 1_800_000,
    // A busy machine may take seconds over what an idle one does at once.
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
