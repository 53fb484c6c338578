import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Looks into a process that refuses debuggers and Node's own signals for that: its environment loads
 * a module, which on SIGUSR2 writes what it sees to a file.
 * @param moduleFor Text of the module, given the file, which it must write whole or not at all.
 */
export function preparedToTell(moduleFor: (file: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), 'krp-tell-'));
  const file = join(folder, 'told');
  return {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(moduleFor(file))}` },
    async ask(pid: number): Promise<string> {
      process.kill(pid, 'SIGUSR2');
      for (let waited = 0; !existsSync(file); waited += 20) {
        if (waited > 30_000) throw new Error('the process told nothing');
        await sleep(20);
      }
      const told = readFileSync(file, 'utf8');
      rmSync(file);
      return told;
    },
  };
}
