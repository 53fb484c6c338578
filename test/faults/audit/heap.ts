import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';

/**
 * Heap snapshots of a process that keeps debuggers and Node's own signal for it out: its
 * environment brings a module along that writes one on SIGUSR2.
 */
export function preparedForSnapshots() {
  const folder = mkdtempSync(join(tmpdir(), 'krp-heap-'));
  const file = join(folder, 'heap');
  const script = `import{writeHeapSnapshot}from"node:v8";import{renameSync}from"node:fs";process.on("SIGUSR2",()=>renameSync(writeHeapSnapshot("${file}.new"),"${file}"))`;
  return {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` },
    /** The text of the snapshot, which has every string of the heap. */
    async take(pid: number): Promise<string> {
      process.kill(pid, 'SIGUSR2');
      for (let waited = 0; !existsSync(file); waited += 50) {
        if (waited > 30_000) throw new Error('the process wrote no heap snapshot');
        await setTimeout(50);
      }
      const text = readFileSync(file, 'utf8');
      rmSync(folder, { recursive: true });
      return text;
    },
  };
}
