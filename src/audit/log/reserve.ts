import type { Disk } from './disk.ts';
import { writeAll } from './segment.ts';

export interface Reserve {
  /** Takes the room; throws, leaving nothing, while there is none. */
  keep(): void;
  /** Gives it back to the disk. */
  release(): void;
}

interface ReserveOptions {
  readonly disk: Disk;
  readonly file: string;
  readonly reserveBytes: number;
}

/** Real bytes in a file beside the log, for a full disk must still take the entry that says so. */
export function createReserve({ disk, file, reserveBytes }: ReserveOptions): Reserve {
  const path = `${file}.reserve`;
  return { keep, release };

  function keep(): void {
    if (reserveBytes === 0 || disk.facts(path)?.bytes === reserveBytes) return;
    release();
    const kept = disk.open(path, 'create');
    try {
      writeAll(kept, Buffer.alloc(reserveBytes, 0x20));
      kept.sync();
    } catch (thrown) {
      disk.remove(path);
      throw thrown;
    } finally {
      kept.close();
    }
  }

  function release(): void {
    if (disk.facts(path)) disk.remove(path);
  }
}
