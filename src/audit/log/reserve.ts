import type { Disk } from './disk.ts';
import { writeAll } from './write.ts';

export interface Reserve {
  /** Takes the room; if there is none, throws and leaves nothing behind. */
  keep(): void;
  /** Unless the disk has as much room a second time, gives back the first too, and throws. */
  probe(): void;
  /** Gives it back to the disk. */
  release(): void;
}

const BYTES = 64 << 10;

/** Real bytes in a file beside the log, to be freed so that a full disk can take the entry that says so. */
export function createReserve(disk: Disk, file: string): Reserve {
  const reserve = `${file}.reserve`;
  const extra = `${file}.probe`;
  return {
    keep() {
      if (disk.facts(reserve)?.bytes !== BYTES) take(reserve);
    },
    probe() {
      try {
        take(extra);
      } catch (thrown) {
        release(reserve);
        throw thrown;
      }
      release(extra);
    },
    release: () => release(reserve),
  };

  function take(path: string): void {
    release(path);
    const kept = disk.open(path, 'create');
    try {
      writeAll(kept, Buffer.alloc(BYTES, 0x20));
      kept.sync();
    } catch (thrown) {
      disk.remove(path);
      throw thrown;
    } finally {
      kept.close();
    }
  }

  function release(path: string): void {
    if (disk.facts(path)) disk.remove(path);
  }
}
