import type { Disk } from './disk.ts';
import { writeAll } from './segment.ts';

export interface Reserve {
  /** Takes the room; if there is none, throws and leaves nothing behind. */
  keep(): void;
  /** Throws unless the disk has as much room a second time. */
  probe(): void;
  /** Gives it back to the disk. */
  release(): void;
}

interface ReserveOptions {
  readonly disk: Disk;
  readonly file: string;
  readonly reserveBytes: number;
}

/** Real bytes in a file beside the log, to be freed so that a full disk can take the entry that says so. */
export function createReserve({ disk, file, reserveBytes }: ReserveOptions): Reserve {
  const reserve = `${file}.reserve`;
  const extra = `${file}.probe`;
  return {
    keep() {
      if (disk.facts(reserve)?.bytes !== reserveBytes) take(reserve);
    },
    probe() {
      take(extra);
      release(extra);
    },
    release: () => release(reserve),
  };

  function take(path: string): void {
    if (reserveBytes === 0) return;
    release(path);
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

  function release(path: string): void {
    if (disk.facts(path)) disk.remove(path);
  }
}
