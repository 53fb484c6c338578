import { basename, dirname, extname, join } from 'node:path';
import { segmentsAmong, seqNamed } from '../../files/segment-names.ts';
import type { Disk } from './disk.ts';
import { readHead } from './head.ts';
import { openRegular } from './open-regular.ts';

/** `audit.jsonl` closed at first seq 1000 → `audit-000000001000.jsonl`: names sort as the log does. */
export function closedPath(file: string, firstSeq: number): string {
  const extension = extname(file);
  const stem = basename(file, extension);
  return join(dirname(file), `${stem}-${String(firstSeq).padStart(12, '0')}${extension}`);
}

export interface ClosedSegment {
  readonly path: string;
  readonly firstSeq: number;
}

/** The closed segments beside a live file, oldest first. */
export function closedSegments(disk: Disk, file: string): readonly ClosedSegment[] {
  const extension = extname(file);
  const stem = basename(file, extension);
  const folder = dirname(file);
  return disk
    .list(folder)
    .filter((name) => name.startsWith(`${stem}-`) && name.endsWith(extension))
    .map((name) => ({ name, digits: name.slice(stem.length + 1, name.length - extension.length) }))
    .filter(({ digits }) => /^\d{12,}$/.test(digits))
    .map(({ name, digits }) => ({ path: join(folder, name), firstSeq: Number(digits) }))
    .sort((a, b) => a.firstSeq - b.firstSeq);
}

/** Paths of the other segments of a live file: closed ones, and those that logrotate moved. */
export function segmentPaths(disk: Disk, file: string): readonly string[] {
  const [folder, own] = [dirname(file), basename(file)];
  const names = segmentsAmong(disk.list(folder), own).filter((name) => name !== own);
  return names.map((name) => join(folder, name));
}

/** The same, oldest first, by head or else by the number in the name; leaves out those with neither. */
export function segmentsByHead(disk: Disk, file: string): readonly ClosedSegment[] {
  return segmentPaths(disk, file)
    .flatMap((path) => {
      const firstSeq = headSeq(disk, path) ?? seqNamed(path);
      return firstSeq === undefined ? [] : [{ path, firstSeq }];
    })
    .sort((a, b) => a.firstSeq - b.firstSeq);
}

function headSeq(disk: Disk, path: string): number | undefined {
  if (!disk.facts(path)?.regular) return;
  const file = openRegular(disk, path, 'read');
  try {
    return readHead(file)?.chain.seq;
  } finally {
    file.close();
  }
}

/** A path beside the log that nothing has yet: `stem`, `stem.1`, `stem.2`… */
export function freePath(disk: Disk, stem: string): string {
  for (let number = 0; ; number += 1) {
    const path = number === 0 ? stem : `${stem}.${number}`;
    if (!disk.facts(path)) return path;
  }
}
