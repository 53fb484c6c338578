import { notRegular } from '../../files/regular.ts';
import { codeOf } from '../../thrown.ts';
import type { Disk, DiskFile } from './disk.ts';
import { LogFault } from './fault.ts';

/** Opens what must be a regular file. */
export function openRegular(disk: Disk, path: string, how: 'append' | 'read'): DiskFile {
  const file = openUnlinked(disk, path, how);
  if (file.facts().regular) return file;
  file.close();
  throw new LogFault('NOT_A_FILE', notRegular(path));
}

/** The same to read; undefined if there is no such file, or not any more: a log that is written deletes some. */
export function openIfThere(disk: Disk, path: string): DiskFile | undefined {
  try {
    return openRegular(disk, path, 'read');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return;
    throw cause;
  }
}

/** The kernel's own words for a link that is not followed are about too many of them. */
function openUnlinked(disk: Disk, path: string, how: 'append' | 'read'): DiskFile {
  try {
    return disk.open(path, how);
  } catch (cause) {
    if (codeOf(cause) !== 'ELOOP') throw cause;
    throw new LogFault('NOT_A_FILE', `${path} is a symbolic link, and a log follows none`);
  }
}
