import type { DiskFile } from '../log/disk.ts';
import { openRegular } from '../log/open-regular.ts';
import type { ReadingDisk } from './packed.ts';
import type { SegmentFile } from './segment-file.ts';

const PIECE = 1 << 20;

/**
 * Whether a closed segment has all that the live file has. This happens when a log is copied while it is
 * written, live file first (the other order would leave a gap): the file is closed after it was copied, and
 * then copied again under its closed name. Not a byte may differ, or one of the two was changed.
 */
export function isOvertaken(
  disk: ReadingDisk,
  live: SegmentFile,
  segments: readonly SegmentFile[],
): boolean {
  const [seq, bytes] = [live.head?.chain.seq, live.bytes];
  if (seq === undefined) return false;
  const same = segments.find((other) => other !== live && other.head?.chain.seq === seq);
  if (!same) return false;
  const [short, long] = [
    openRegular(disk, live.path, 'read'),
    openRegular(disk, same.path, 'read'),
  ];
  try {
    return isBeginning({ short, long, bytes });
  } finally {
    short.close();
    long.close();
  }
}

interface Pair {
  readonly short: DiskFile;
  readonly long: DiskFile;
  readonly bytes: number;
}

function isBeginning({ short, long, bytes }: Pair): boolean {
  const [one, other] = [Buffer.alloc(PIECE), Buffer.alloc(PIECE)];
  for (let position = 0; position < bytes; ) {
    const length = Math.min(PIECE, bytes - position);
    const read = Math.min(short.read(one, position), long.read(other, position), length);
    if (read <= 0 || one.compare(other, 0, read, 0, read) !== 0) return false;
    position += read;
  }
  return true;
}
