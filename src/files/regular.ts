import type { Buffer } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** What a file that somebody else writes holds. @throws Error where there is none, or something else is there */
export function readRegular(path: string): Buffer {
  // O_NONBLOCK keeps the open of a FIFO from waiting for who writes to it.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw new Error(notRegular(path));
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Who reads a FIFO waits until somebody writes: the whole process, or a thread of libuv's that also keeps it
 * from its end. Of a device he may read for ever.
 */
export function notRegular(path: string): string {
  return `${path} is not a regular file`;
}
