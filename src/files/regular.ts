import type { Buffer } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** Reads a file that somebody else writes. @throws Error where there is none, or something else is there */
export function readRegular(path: string): Buffer {
  // Without O_NONBLOCK, opening a FIFO would wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw new Error(notRegular(path));
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
