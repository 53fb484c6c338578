import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import { makeFolder } from '../../files/make-folder.ts';
import { naming } from '../../files/naming.ts';

export interface FileFacts {
  readonly inode: number;
  readonly bytes: number;
  readonly links: number;
  readonly regular: boolean;
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedMs: number;
}

/** An open file. All calls but one are synchronous; they throw errors with a `code`, as node:fs does. */
export interface DiskFile {
  /** Appends and returns how many bytes were taken, which may be fewer. */
  write(bytes: Uint8Array): number;
  read(into: Uint8Array, position: number): number;
  sync(): void;
  /** The same while the thread goes on; rejects as the others throw. */
  syncAside(): Promise<void>;
  truncate(length: number): void;
  facts(): FileFacts;
  close(): void;
}

/** The little that a log needs of a file system. A simulation passes its own. */
export interface Disk {
  /** Opens for appending and reading, never through a symbolic link; mode 0600 where it makes the file. */
  open(path: string, how: 'create' | 'append' | 'read'): DiskFile;
  /** Undefined where there is no such file. */
  facts(path: string): FileFacts | undefined;
  list(folder: string): readonly string[];
  rename(from: string, to: string): void;
  remove(path: string): void;
  makeFolder(path: string): void;
  /** Forces the names in a folder to the disk. */
  syncFolder(path: string): void;
  /** The same while the thread goes on; rejects as the others throw. */
  syncFolderAside(path: string): Promise<void>;
}

const {
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_DSYNC,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
} = constants;

/**
 * Under its permission model Node denies fsync. Then every write is synchronous by itself, which is
 * the same promise; the name of a new file goes with its first write on ext4, XFS and Btrfs.
 */
const restricted = process.permission !== undefined;
const SYNCED = restricted ? O_DSYNC : 0;

// O_NONBLOCK keeps the open of a FIFO from hanging until its type can be seen and refused.
const FLAGS = {
  create: SYNCED | O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW,
  append: SYNCED | O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK,
  read: O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
};

/** Through symbolic links: the folder that a log was given may be one. */
const FOLDER = O_RDONLY | O_DIRECTORY;

type FsyncAside = (fd: number) => void | Promise<void>;
const fsyncElsewhere = promisify(fsync);

/**
 * @param aside where the `…Aside` syncs run: on one of libuv's threads, or right here on the calling
 * thread, for threads where nothing waits meanwhile
 */
export function createNodeDisk(aside: 'here' | 'elsewhere' = 'elsewhere'): Disk {
  const fsyncAside: FsyncAside = aside === 'here' ? fsyncSync : fsyncElsewhere;
  return {
    open: (path, how) => openFile(path, openSync(path, FLAGS[how], 0o600), fsyncAside),
    facts(path) {
      const stats = lstatSync(path, { throwIfNoEntry: false });
      return stats && toFacts(stats);
    },
    list: (folder) => readdirSync(folder),
    rename: renameSync,
    remove: unlinkSync,
    makeFolder: (path) => makeFolder(path, 0o750),
    syncFolder(path) {
      if (restricted) return;
      const fd = openSync(path, FOLDER);
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    },
    async syncFolderAside(path) {
      if (restricted) return;
      const fd = openSync(path, FOLDER);
      try {
        await fsyncAside(fd);
      } finally {
        closeSync(fd);
      }
    },
  };
}

function openFile(path: string, fd: number, fsyncAside: FsyncAside): DiskFile {
  return {
    write: (bytes) => naming(path, () => writeSync(fd, bytes)),
    read: (into, position) => readSync(fd, into, 0, into.length, position),
    sync() {
      if (!restricted) naming(path, () => fdatasyncSync(fd));
    },
    async syncAside() {
      if (!restricted) await fsyncAside(fd);
    },
    truncate: (length) => ftruncateSync(fd, length),
    facts: () => toFacts(fstatSync(fd)),
    close: () => closeSync(fd),
  };
}

function toFacts(stats: Stats): FileFacts {
  return {
    inode: stats.ino,
    bytes: stats.size,
    links: stats.nlink,
    regular: stats.isFile(),
    mode: stats.mode & 0o777,
    modifiedMs: stats.mtimeMs,
  };
}
