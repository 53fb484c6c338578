import type { Disk } from '../log/disk.ts';
import { openIfThere } from '../log/open-regular.ts';
import { replaceFile } from '../log/write.ts';

/** How far a sink has come, kept beside the log so that a restart goes on there. */
export function createCursor(disk: Disk, path: string) {
  return {
    /**
     * Seq of the next entry to send; undefined where none was ever sent, NaN where the file does not say.
     * @throws Error where it cannot be read
     */
    read(): number | undefined {
      const file = openIfThere(disk, path);
      if (!file) return;
      try {
        const bytes = Buffer.alloc(32);
        const text = bytes.toString('utf8', 0, file.read(bytes, 0)).trim();
        return /^\d+$/.test(text) ? Number(text) : Number.NaN;
      } finally {
        file.close();
      }
    },
    write: (seq: number) => replaceFile(disk, path, `${seq}\n`),
  };
}
