import { basename, dirname, join } from 'node:path';
import { segmentsAmong } from '../../files/segment-names.ts';
import type { LogFiles } from './collect.ts';
import { PACKED_OTHERWISE, type ReadingDisk } from './packed.ts';
import { readSegmentFile, type SegmentFile } from './segment-file.ts';

/** Why files beside a log are not read, though they may hold the entries reported as missing. */
export function whyUnread(disk: ReadingDisk, log: LogFiles): readonly string[] {
  const packed = packedOtherwise(disk, log);
  const misnamed = misnamedIn(disk, log);
  return [
    ...told('not read, because packed', packed),
    ...told('not read, because not named as a segment of it', misnamed),
  ];
}

const MOST_NAMES = 4;

function told(why: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const more = names.length > MOST_NAMES ? ' …' : '';
  return [`${why}: ${names.slice(0, MOST_NAMES).join(', ')}${more}`];
}

/** Segments packed by something other than gzip: they cannot be read. */
function packedOtherwise(disk: ReadingDisk, { path }: LogFiles): readonly string[] {
  const packed = disk.list(dirname(path)).filter((name) => PACKED_OTHERWISE.test(name));
  const unpacked = (name: string) => name.replace(PACKED_OTHERWISE, '');
  const ours = segmentsAmong(packed.map(unpacked), basename(path));
  return packed.filter((name) => ours.includes(unpacked(name)));
}

/** Files that by their heads are segments of the log, and by their names are not. */
function misnamedIn(disk: ReadingDisk, { path, segments, partial }: LogFiles): readonly string[] {
  const folder = dirname(path);
  const heads = segments.flatMap(({ head }) => head ?? []);
  const read = new Set(segments.map((segment) => basename(segment.path)));
  if (partial) return [];
  return disk
    .list(folder)
    .filter((name) => !read.has(name))
    .filter((name) => {
      const head = headOf(disk, join(folder, name));
      const known = heads.some(({ chain }) => chain.seq === head?.chain.seq);
      return !known && heads.some(({ origin }) => origin === head?.origin);
    });
}

function headOf(disk: ReadingDisk, path: string): SegmentFile['head'] {
  try {
    return disk.facts(path)?.regular ? readSegmentFile(disk, path)?.head : undefined;
  } catch {
    return;
  }
}
