import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes a folder and those above it, if they are missing. @throws Error with the reason that the system gives */
export function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (thrown) {
    // Node.js says that the folder does not exist even if the file system is read-only.
    mkdirSync(firstMissing(path), { mode });
    throw thrown;
  }
}

function firstMissing(path: string): string {
  const above = dirname(path);
  return above === path || existsSync(above) ? path : firstMissing(above);
}
