import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../files/make-folder.ts';
import { naming } from '../files/naming.ts';
import { readRegular } from '../files/regular.ts';
import { codeOf } from '../thrown.ts';

interface KeyFile {
  readonly bytes: Buffer;
  /** True where there was none and this start made it. */
  readonly made: boolean;
}

const { O_CREAT, O_DSYNC, O_EXCL, O_WRONLY } = constants;
/** O_DSYNC instead of fsync, which Node denies under its permission model. */
const NEW_AND_SYNCED = O_WRONLY | O_CREAT | O_EXCL | O_DSYNC;

/** Reads a key file. If it is missing and `make` is given, makes it: mode 0600, never half written. */
export function readOrMakeKey(path: string, make?: () => Buffer): KeyFile {
  const there = read(path);
  if (there) return { bytes: there, made: false };
  if (!make) throw new Error(`${path}: there is no such key file`);
  makeFolder(dirname(path), 0o750);
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const fd = openSync(temporary, NEW_AND_SYNCED, 0o600);
  try {
    naming(temporary, () => writeSync(fd, make()));
    // link() never replaces a file: two processes that start at once both use the first one's key.
    linkSync(temporary, path);
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw thrown;
  } finally {
    closeSync(fd);
    unlinkSync(temporary);
  }
  return { bytes: readFileSync(path), made: true };
}

function read(path: string): Buffer | undefined {
  try {
    return readRegular(path);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return;
    throw thrown;
  }
}
