import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Disk, DiskFile } from '../log/disk.ts';

const ENDING = '.gz';
/** Packed so that nothing here can read it. */
export const UNREADABLE = /\.(bz2|xz|zst)$/;
/** Far above any segment; what unpacks to more is no segment but an attack on whoever reads it. */
const MOST_BYTES = 1 << 30;
/** One line that is no entry: a verifier must say that it is wrong, and not that there is nothing. */
const DAMAGED = Buffer.from('\n');

/** What lies on the disk in place of a file that is read by its old name. */
export interface Packed {
  readonly path: string;
  /** Why it was not unpacked when it was opened last; '' where it was. */
  readonly damage: string;
}

export interface ReadingDisk extends Disk {
  /** Undefined where a file lies there as it is. */
  packed?(path: string): Packed | undefined;
}

/** The same disk for a reader of archives: what lies there packed by gzip reads as it was, by its old name. */
export function unpacking(disk: Disk): ReadingDisk {
  const damages = new Map<string, string>();
  const isPacked = (path: string) => !disk.facts(path) && disk.facts(path + ENDING)?.regular;
  return {
    ...disk,
    facts: (path) => disk.facts(path) ?? disk.facts(path + ENDING),
    list: (folder) => [...new Set(disk.list(folder).map(unpackedName))],
    open(path, how) {
      if (!isPacked(path)) return disk.open(path, how);
      const { content, damage } = unpack(path + ENDING);
      damages.set(path, damage);
      return reading(content, disk.open(path + ENDING, 'read'));
    },
    packed: (path) =>
      isPacked(path) ? { path: path + ENDING, damage: damages.get(path) ?? '' } : undefined,
  };
}

/** `audit.jsonl.1.gz` → `audit.jsonl.1` */
export function unpackedName(path: string): string {
  return path.endsWith(ENDING) ? path.slice(0, -ENDING.length) : path;
}

/** Whole in memory, for a segment is, and a reader goes to and fro in it. */
function reading(content: Buffer, file: DiskFile): DiskFile {
  return {
    ...file,
    read: (into, position) => content.copy(into, 0, position),
    facts: () => ({ ...file.facts(), bytes: content.length }),
  };
}

function unpack(path: string): { readonly content: Buffer; readonly damage: string } {
  const packed = readFileSync(path);
  try {
    return { content: gunzipSync(packed, { maxOutputLength: MOST_BYTES }), damage: '' };
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    return { content: DAMAGED, damage: DAMAGES[code ?? ''] ?? `does not unpack: ${message}` };
  }
}

const DAMAGES: Readonly<Record<string, string>> = {
  Z_BUF_ERROR: 'is cut off, and does not unpack',
  ERR_BUFFER_TOO_LARGE: 'unpacks to more than any segment holds',
};
