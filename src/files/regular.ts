import type { Buffer } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readFileSync, type StatsBase } from 'node:fs';

/** No key, token or certificate bundle is larger. */
export const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Reads a file that somebody else writes.
 * @throws Error where there is none, or something else is there, or one larger than `mostBytes`
 */
export function readRegular(path: string, mostBytes = MOST_BYTES): Buffer {
  // Without O_NONBLOCK, opening a FIFO would wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const fault = unreadable(path, fstatSync(fd), mostBytes);
    if (fault !== '') throw new Error(fault);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Only regular files are read: a FIFO would block the process, or one of libuv's threads, until somebody writes,
 * and a device may have no end.
 */
export function notRegular(path: string): string {
  return `${path} is not a regular file`;
}

/** Why what is at a path must not be read; '' if it may be. */
export function unreadable(
  path: string,
  found: Pick<StatsBase<number | bigint>, 'isFile' | 'size'>,
  mostBytes = MOST_BYTES,
): string {
  if (!found.isFile()) return notRegular(path);
  return found.size > mostBytes ? `${path} is larger than ${mostBytes} bytes` : '';
}
