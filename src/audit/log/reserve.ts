import type { Disk } from './disk.ts';
import { writeAll } from './segment.ts';

export interface Reserve {
  /** Takes the room; throws, leaving nothing, while there is none. */
  keep(): void;
  /** Throws unless there is as much room again. */
  probe(): void;
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
