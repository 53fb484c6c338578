import { fromHead, type Head, whyNoHead } from '../log/head.ts';
import { firstLine } from '../log/lines.ts';
import { openIfThere } from '../log/open-regular.ts';
import type { ReadingDisk } from './packed.ts';

/** A segment as it lies on the disk: its head is read, its entries are not. */
export interface SegmentFile {
  readonly path: string;
  /** Its name on the disk. If it is packed, `path` is still its name from before. */
  readonly name: string;
  /** Why it could not be unpacked; '' if it could, or is not packed. */
  readonly damage: string;
  readonly bytes: number;
  /** Undefined if its first line is not a head. */
  readonly head: Head | undefined;
  /** Why its first line is not a head; '' if it is. */
  readonly headless: string;
  /** True if not even the first line is complete: the process ended as it made the segment. */
  readonly unmade: boolean;
}

/** Undefined if there is no such file. */
export function readSegmentFile(disk: ReadingDisk, path: string): SegmentFile | undefined {
  const file = openIfThere(disk, path);
  if (!file) return;
  try {
    const line = firstLine(file);
    const head = line && fromHead(line);
    const headless = head ? '' : whyNoHead(line);
    const { path: name = path, damage = '' } = disk.packed?.(path) ?? {};
    return { path, name, damage, bytes: file.facts().bytes, head, headless, unmade: !line };
  } finally {
    file.close();
  }
}
