import type { DiskFile } from '../log/disk.ts';
import { readHead } from '../log/head.ts';
import { openIfThere } from '../log/open-regular.ts';
import { collectLog, type LogFiles } from './collect.ts';
import type { ReadingDisk } from './packed.ts';
import type { SegmentFile } from './segment-file.ts';

/**
 * Opens a segment of a log that may be written meanwhile: when the live file is closed it is renamed, and
 * a new file takes its name.
 * @throws Error if the segment is no longer there
 */
export function openSegment(disk: ReadingDisk, log: LogFiles, segment: SegmentFile): DiskFile {
  const file = openSame(disk, segment.path, segment);
  if (file) return file;
  const { segments } = collectLog(disk, log.path);
  const moved = segments.find(({ head }) => head?.chain.seq === segment.head?.chain.seq);
  const found = moved && openSame(disk, moved.path, segment);
  if (found) return found;
  throw new Error(`${segment.path} was moved or deleted while the log was read`);
}

/** Undefined if something else has the name now, or nothing has. */
function openSame(disk: ReadingDisk, path: string, { head }: SegmentFile): DiskFile | undefined {
  const file = openIfThere(disk, path);
  if (!file) return;
  if (!head || readHead(file)?.chain.seq === head.chain.seq) return file;
  file.close();
  return;
}
