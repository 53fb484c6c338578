import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { unreadable } from './regular.ts';

/**
 * Text that changes when the file at the path is written again or replaced.
 * @throws Error where there is none, or one larger than `mostBytes`
 */
export async function fileStamp(
  path: string,
  mostBytes = Number.POSITIVE_INFINITY,
): Promise<string> {
  const stats = await stat(path, { bigint: true });
  const fault = unreadable(path, stats, mostBytes);
  if (fault !== '') throw new Error(fault);
  return stampOf(stats);
}

export function stampOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs}`;
}
