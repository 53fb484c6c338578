import { basename, dirname } from 'node:path';
import type { AuditCause } from '../../audit-causes.ts';
import type { Chain } from './chain.ts';
import type { Disk, DiskFile, FileFacts } from './disk.ts';
import type { Predecessor } from './head.ts';
import { closedPath, freePath } from './segments.ts';
import { writeAll } from './write.ts';

/** The segment that is being written. */
export interface Live {
  readonly file: DiskFile;
  readonly inode: number;
  readonly mode: number;
  readonly firstSeq: number;
  /** Milliseconds since the Unix epoch. */
  readonly openedAt: number;
}

interface NewSegment {
  readonly disk: Disk;
  readonly path: string;
  /** The first line. */
  readonly head: Uint8Array;
  readonly chain: Chain;
  readonly at: number;
}

/** Makes the live file with its head, durable in its folder, or leaves nothing behind. */
export function createSegment({ disk, path, head, chain, at }: NewSegment): Live {
  clear(disk, path);
  const file = disk.open(path, 'create');
  try {
    writeAll(file, head);
    file.sync();
    disk.syncFolder(dirname(path));
    return toLive(file, chain.seq, at);
  } catch (thrown) {
    file.close();
    disk.remove(path);
    throw thrown;
  }
}

/** A file that already has our name is not ours: moved aside unless empty, never followed or written to. */
function clear(disk: Disk, path: string): void {
  const there = disk.facts(path);
  if (!there) return;
  if (isEmpty(there)) disk.remove(path);
  else disk.rename(path, freePath(disk, `${path}.foreign`));
}

function isEmpty({ regular, bytes }: FileFacts): boolean {
  return regular && bytes === 0;
}

export function toLive(file: DiskFile, firstSeq: number, openedAt: number): Live {
  const { inode, mode } = file.facts();
  return { file, inode, mode, firstSeq, openedAt };
}

interface Put extends Watched {
  readonly closed: string;
  /** True where the disk may not hold what a reader of the file sees. */
  readonly doubtful: boolean;
}

/** Gives the live file its closed name. If it was removed or is doubtful, copies it while it is still open. */
export function putAway({ disk, path, live, bytes, closed, doubtful }: Put): Predecessor {
  const { file, inode, firstSeq } = live;
  const there = disk.facts(path)?.inode === inode;
  const rescued = doubtful || file.facts().links === 0;
  if (!there && !rescued) return { file: '', bytes, closed };
  const copy = `${path}.copy`;
  if (rescued) writeOut({ disk, file, bytes, copy });
  // At every moment a whole file has either the log's name or the closed name.
  if (rescued && there) disk.rename(copy, path);
  const kept = freePath(disk, closedPath(path, firstSeq));
  disk.rename(there ? path : copy, kept);
  return { file: basename(kept), bytes, closed };
}

function writeOut({ disk, file, bytes, copy: path }: WriteOut): void {
  if (disk.facts(path)) disk.remove(path);
  const copy = disk.open(path, 'create');
  try {
    const chunk = Buffer.allocUnsafe(1 << 20);
    for (let done = 0; done < bytes; ) {
      const count = file.read(chunk.subarray(0, Math.min(chunk.length, bytes - done)), done);
      if (count === 0) break;
      writeAll(copy, chunk.subarray(0, count));
      done += count;
    }
    copy.sync();
  } catch (thrown) {
    disk.remove(path);
    throw thrown;
  } finally {
    copy.close();
  }
}

interface WriteOut {
  readonly disk: Disk;
  readonly file: DiskFile;
  readonly bytes: number;
  readonly copy: string;
}

export interface Watched {
  readonly disk: Disk;
  readonly path: string;
  readonly live: Live;
  /** Where our last durable line ends. */
  readonly bytes: number;
}

/** What someone else did to the live file, or ''. */
export function tampering({ disk, path, live, bytes }: Watched): AuditCause | '' {
  const ours = live.file.facts();
  if (ours.links === 0) return 'REMOVED';
  const there = disk.facts(path);
  if (!there) return 'RENAMED';
  if (there.inode !== live.inode) return 'REPLACED';
  if (ours.bytes < bytes) return 'TRUNCATED';
  if (ours.bytes > bytes) return 'FOREIGN_WRITE';
  return ours.mode === live.mode ? '' : 'MODE_CHANGED';
}

/** Whether the file is just as logrotate leaves it before it sends SIGHUP: whole, under another name. */
export function isMovedAside({ disk, path, live, bytes }: Watched): boolean {
  const ours = live.file.facts();
  const there = disk.facts(path);
  const vacant = !there || (there.inode !== live.inode && isEmpty(there));
  return vacant && ours.links > 0 && ours.bytes === bytes && ours.mode === live.mode;
}
