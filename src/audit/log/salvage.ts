import { basename } from 'node:path';
import type { Disk } from './disk.ts';
import type { Predecessor } from './head.ts';
import { openRegular } from './open-regular.ts';
import { type Found, readSegment } from './read-segment.ts';
import { putAway, toLive } from './segment.ts';
import { segmentsByHead } from './segments.ts';
import type { LogOptions } from './state.ts';

/** The newest segment with at least one good line, and where its good lines end. */
export function salvage({ disk, file: path }: LogOptions) {
  const closed = segmentsByHead(disk, path).map((segment) => segment.path);
  const there = [...closed, ...(disk.facts(path) ? [path] : [])];
  for (const last of there.reverse()) {
    try {
      return { ...salvageFrom(disk, last), file: basename(last) };
    } catch {
      // Not even its head can be read: try the segment before it.
    }
  }
  return;
}

function salvageFrom(disk: Disk, path: string): Pick<Found, 'chain' | 'open' | 'bytes'> {
  const file = openRegular(disk, path, 'read');
  try {
    return readSegment(file, path);
  } finally {
    file.close();
  }
}

/** Keeps the broken file under a closed name, as evidence. */
export function putBroken({ disk, file: path, now }: LogOptions, seq: number): Predecessor {
  const file = openRegular(disk, path, 'append');
  try {
    const { bytes } = file.facts();
    const live = toLive(file, seq, now());
    return putAway({ disk, path, live, bytes, closed: 'broken', doubtful: false });
  } finally {
    file.close();
  }
}
