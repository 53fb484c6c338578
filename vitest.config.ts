import { availableParallelism } from 'node:os';
import process from 'node:process';
import { defineConfig } from 'vitest/config';

/** CI names a file for a report that it can add up. */
const report = process.env['TEST_REPORT'];

/** Otherwise each memory of a Wasm module has V8 collect the whole heap: an eighth of the time. Node 22 cannot. */
const WASM_AS_HEAP =
  Number.parseInt(process.versions.v8, 10) >= 13
    ? ['--external-memory-accounted-in-global-limit']
    : [];

export default defineConfig({
  test: {
    reporters: report ? ['default', 'json'] : ['default'],
    outputFile: report ?? '',
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/temporary-folder.ts'],
    exclude: ['test/interop/**', 'test/faults/**'],
    testTimeout: 20_000,
    // A busy machine may take seconds over what an idle one does at once.
    expect: { poll: { timeout: 15_000 } },
    // A process for each file would be a third of the time, and nothing here has globals to keep apart.
    isolate: false,
    // Node itself imports the sources, as it does when they run; nothing here is mocked.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // A heap that begins small is collected ever again while all modules come in: a tenth of the time.
    execArgv: ['--initial-old-space-size=512', ...WASM_AS_HEAP],
    // Much of the time is waiting for processes, so that one more than there are cores is worth it.
    maxWorkers: availableParallelism() + 1,
  },
});
