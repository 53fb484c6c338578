import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Text that is another once the file at the path was written again or replaced. @throws Error where there is none */
export async function fileStamp(path: string): Promise<string> {
  return stampOf(await stat(path, { bigint: true }));
}

export function stampOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs}`;
}
