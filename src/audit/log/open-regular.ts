import { notRegular } from '../../files/regular.ts';
import type { Disk, DiskFile } from './disk.ts';
import { LogFault } from './fault.ts';

/** Opens what must be a regular file. */
export function openRegular(disk: Disk, path: string, how: 'append' | 'read'): DiskFile {
  const file = disk.open(path, how);
  if (file.facts().regular) return file;
  file.close();
  throw new LogFault('NOT_A_FILE', notRegular(path));
}
