import process from 'node:process';
import { defineConfig } from 'vitest/config';

/** CI names a file for a report that it can add up. */
const report = process.env['TEST_REPORT'];

export default defineConfig({
  test: {
    reporters: report ? ['default', 'json'] : ['default'],
    outputFile: report ?? '',
    include: ['test/interop/**/*.test.ts'],
    globalSetup: ['test/helpers/temporary-folder.ts'],
    testTimeout: 120_000,
    // A busy machine may take seconds over what an idle one does at once.
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});
