import { rename, rm, writeFile } from 'node:fs/promises';

/**
 * Puts a file in place at once or not at all, since somebody may be reading it and the disk may be full: writes
 * a new one beside it, and renames that once it is on disk.
 */
export async function writeWhole(path: string, content: Uint8Array, mode: number): Promise<void> {
  const beside = `${path}.new`;
  try {
    await writeFile(beside, content, { mode, flush: true });
    await rename(beside, path);
  } catch (thrown) {
    await rm(beside, { force: true });
    throw thrown;
  }
}
