import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCommands, ROOT } from '../../scripts/build-commands.ts';
import { PACKAGE } from './temporary-folder.ts';
import { until } from './until.ts';

/**
 * Path of the program as it ships, built by the first test of a run that asks. From the sources each process
 * would take half a second more of CPU to start.
 */
export async function builtProgram(): Promise<string> {
  const folder = join(tmpdir(), PACKAGE);
  const ready = join(folder, 'ready');
  if (isFirst(folder)) {
    for (const part of ['package.json', 'proto', 'policies', 'config']) {
      symlinkSync(join(ROOT, part), join(folder, part));
    }
    await buildCommands(join(folder, 'dist'));
    writeFileSync(ready, '');
  }
  await until(() => existsSync(ready), 60_000);
  return join(folder, 'dist/main.js');
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
