import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Disk, DiskFile } from '../log/disk.ts';

const ENDING = '.gz';
/** Far above any segment; what unpacks to more is no segment but an attack on whoever reads it. */
const MOST_BYTES = 1 << 30;
/** One line that is no entry: a verifier must say that it is wrong, and not that there is nothing. */
const DAMAGED = Buffer.from('\n');

/** The same disk for a reader of archives: what lies there packed by gzip reads as it was, by its old name. */
export function unpacking(disk: Disk): Disk {
  const isPacked = (path: string) => !disk.facts(path) && disk.facts(path + ENDING)?.regular;
  return {
    ...disk,
    facts: (path) => disk.facts(path) ?? disk.facts(path + ENDING),
    list: (folder) => [...new Set(disk.list(folder).map(unpackedName))],
    open: (path, how) => (isPacked(path) ? unpack(disk, path + ENDING) : disk.open(path, how)),
  };
}

/** `audit.jsonl.1.gz` → `audit.jsonl.1` */
export function unpackedName(path: string): string {
  return path.endsWith(ENDING) ? path.slice(0, -ENDING.length) : path;
}

/** Whole in memory, for a segment is, and a reader goes to and fro in it. */
function unpack(disk: Disk, path: string): DiskFile {
  const file = disk.open(path, 'read');
  const content = contentOf(path);
  return {
    ...file,
    read: (into, position) => content.copy(into, 0, position),
    facts: () => ({ ...file.facts(), bytes: content.length }),
  };
}

function contentOf(path: string): Buffer {
  try {
    return gunzipSync(readFileSync(path), { maxOutputLength: MOST_BYTES });
  } catch {
    return DAMAGED;
  }
}
