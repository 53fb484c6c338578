import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Text that is another once the file at the path was written again or replaced. @throws Error where there is none */
export async function fileStamp(path: string): Promise<string> {
  const stats = await stat(path, { bigint: true });
  if (!stats.isFile()) throw new Error(notRegular(path));
  return stampOf(stats);
}

/**
 * Who reads a FIFO waits until somebody writes, with a thread of libuv's that also keeps the process from
 * its end; of a device he may read for ever.
 */
export function notRegular(path: string): string {
  return `${path} is no regular file`;
}

export function stampOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs}`;
}
