import { dirname } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';

/** Goes on after a short write; a disk that takes nothing more throws. */
export function writeAll(file: DiskFile, bytes: Uint8Array): void {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(file.write(rest));
}

/** Whole or not at all, whatever happens meanwhile. */
export async function replaceFile(disk: Disk, path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  if (disk.facts(temporary)) disk.remove(temporary);
  const file = disk.open(temporary, 'create');
  try {
    writeAll(file, Buffer.from(text));
    await file.syncAside();
  } finally {
    file.close();
  }
  disk.rename(temporary, path);
  await disk.syncFolderAside(dirname(path));
}
