import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { stampOf } from '../../files/stamp.ts';
import { codeOf, messageOf } from '../../thrown.ts';
import type { Disk, DiskFile } from '../log/disk.ts';

const ENDING = '.gz';
/** Packed in ways that we cannot read. */
export const PACKED_OTHERWISE = /\.(bz2|xz|zst)$/;
/** Above any segment, which is closed at 512 MiB or earlier: a file that unpacks to more is an attack on its reader. */
const MOST_BYTES = 640 << 20;
/** One line that is no entry, so that a verifier reports it as wrong and not as empty. */
const DAMAGED = Buffer.from('\n');

/** A packed file on the disk, which is read by its name without `.gz`. */
interface Packed {
  readonly path: string;
  /** Why it could not be unpacked when it was last opened; '' if it could. */
  readonly damage: string;
}

export interface ReadingDisk extends Disk {
  /** Undefined if the file is not packed. */
  packed?(path: string): Packed | undefined;
}

/** The same disk for a reader of archives: a gzipped file reads as if unpacked, by its name without `.gz`. */
export function unpacking(disk: Disk): ReadingDisk {
  const damages = new Map<string, string>();
  const unpack = createUnpack();
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

/** Unpacked in memory, because a reader goes back and forth in it. */
function reading(content: Buffer, file: DiskFile): DiskFile {
  return {
    ...file,
    read: (into, position) => content.copy(into, 0, position),
    facts: () => ({ ...file.facts(), bytes: content.length }),
  };
}

interface Unpacked {
  readonly content: Buffer;
  readonly damage: string;
}

/** Keeps the last one: a segment is opened for its head, and again for its entries. */
function createUnpack(): (path: string) => Unpacked {
  let last: { readonly key: string; readonly unpacked: Unpacked } | undefined;
  return (path) => {
    const facts = statSync(path, { bigint: true });
    // Packed, a segment is smaller; Node itself reads no file of more than 2 GiB, and does not name it.
    if (facts.size > MOST_BYTES) return { content: DAMAGED, damage: TOO_MUCH };
    const key = `${path} ${stampOf(facts)}`;
    if (last?.key === key) return last.unpacked;
    last = undefined;
    const unpacked = unpack(path);
    last = { key, unpacked };
    return unpacked;
  };
}

function unpack(path: string): Unpacked {
  const packed = readFileSync(path);
  try {
    const options = { maxOutputLength: MOST_BYTES, chunkSize: pieceBytes(packed) };
    return { content: gunzipSync(packed, options), damage: '' };
  } catch (thrown) {
    const damage = DAMAGES[codeOf(thrown) ?? ''] ?? `does not unpack: ${messageOf(thrown)}`;
    return { content: DAMAGED, damage };
  }
}

const LEAST_PIECE = 16 << 10;

/** As much as the file says at its end that it holds: put together from pieces, it would be in memory twice. */
function pieceBytes(packed: Buffer): number {
  const said = packed.length < 4 ? 0 : packed.readUInt32LE(packed.length - 4);
  return Math.min(MOST_BYTES, Math.max(LEAST_PIECE, said + 1));
}

const TOO_MUCH = 'unpacks to more than any segment holds';

const DAMAGES: Readonly<Record<string, string>> = {
  Z_BUF_ERROR: 'is cut off, and does not unpack',
  ERR_BUFFER_TOO_LARGE: TOO_MUCH,
};
