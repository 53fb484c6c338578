import { basename, dirname, extname, join } from 'node:path';
import type { Disk } from './disk.ts';

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

/** A path beside the log that nothing has yet: `stem`, `stem.1`, `stem.2`… */
export function freePath(disk: Disk, stem: string): string {
  for (let number = 0; ; number += 1) {
    const path = number === 0 ? stem : `${stem}.${number}`;
    if (!disk.facts(path)) return path;
  }
}
