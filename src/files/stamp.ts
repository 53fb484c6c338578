import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { notRegular } from './regular.ts';

/** Text that changes when the file at the path is written again or replaced. @throws Error where there is none */
export async function fileStamp(path: string): Promise<string> {
  const stats = await stat(path, { bigint: true });
  if (!stats.isFile()) throw new Error(notRegular(path));
  return stampOf(stats);
}

export function stampOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs}`;
}
