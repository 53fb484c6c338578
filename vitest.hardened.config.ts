import { tmpdir } from 'node:os';
import process from 'node:process';
import { defineConfig } from 'vitest/config';

/** CI names a file for a report that it can add up. */
const report = process.env['TEST_REPORT'];

/** The end-to-end suite in a process that may write to its temporary folder and nowhere else. */
export default defineConfig({
  test: {
    reporters: report ? ['default', 'json'] : ['default'],
    outputFile: report ?? '',
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/helpers/temporary-folder.ts'],
    setupFiles: ['test/helpers/hardened.ts'],
    testTimeout: 20_000,
    // A busy machine may take seconds over what an idle one does at once.
    expect: { poll: { timeout: 15_000 } },
    pool: 'forks',
    execArgv: [
      '--permission',
      '--allow-fs-read=*',
      `--allow-fs-write=${tmpdir()}/*`,
      '--allow-worker',
      '--disable-proto=delete',
      '--disable-sigusr1',
      '--disable-warning=PERM0006',
    ],
  },
});
