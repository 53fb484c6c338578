import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What lives in a process once all garbage is collected: its environment brings a module along that
 * collects, and writes down how many bytes are left, on SIGUSR2.
 */
export function preparedForCounting() {
  const folder = mkdtempSync(join(tmpdir(), 'krp-living-'));
  const file = join(folder, 'bytes');
  return {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(moduleFor(file))}` },
    /** Bytes in the heap of the main thread and what it holds outside of it. */
    async count(pid: number): Promise<number> {
      rmSync(file, { force: true });
      process.kill(pid, 'SIGUSR2');
      for (let waited = 0; !existsSync(file); waited += 20) {
        if (waited > 30_000) throw new Error('the process counted nothing');
        await sleep(20);
      }
      return Number(readFileSync(file, 'utf8'));
    },
  };
}

/** It collects more than once: what finalizers let go of is garbage only after the next turn. */
const moduleFor = (file: string) => `
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');
process.on('SIGUSR2', async () => {
  for (let round = 0; round < 4; round += 1) {
    await sleep(50);
    gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync('${file}.new', String(heapUsed + external));
  renameSync('${file}.new', '${file}');
});
`;
