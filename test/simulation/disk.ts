import { basename, dirname } from 'node:path';
import type { Disk, DiskFile, FileFacts } from '../../src/audit/log/disk.ts';

/** A disk in memory that forgets what was not synced, and fails on order. */
export interface SimulatedDisk extends Disk {
  /** Runs before each write and sync, which throw what it throws. */
  trouble: (what: 'write' | 'sync') => void;
  /** A sync aside waits for this. */
  aside: () => Promise<void>;
  /** Bytes of every file that would survive a loss of power now, segments in order. */
  durable(): Buffer[];
  /** Cuts the power: each file keeps `keep` of its unsynced bytes. */
  losePower(keep: (unsynced: number) => number): void;
}

interface Inode {
  readonly inode: number;
  bytes: Buffer;
  length: number;
  synced: number;
  links: number;
}

export function createSimulatedDisk(now: () => number): SimulatedDisk {
  const paths = new Map<string, Inode>();
  let inodes = 0;

  const disk: SimulatedDisk = {
    trouble: () => {},
    aside: () => Promise.resolve(),
    durable: () =>
      [...new Set(paths.values())]
        .toSorted((one, other) => one.inode - other.inode)
        .map(({ bytes, synced }) => bytes.subarray(0, synced)),
    losePower(keep) {
      for (const file of paths.values()) {
        file.length = file.synced + Math.floor(keep(file.length - file.synced));
        file.synced = file.length;
      }
    },
    open(path, how) {
      const found = paths.get(path);
      if (how === 'create' && found) throw failure('EEXIST', path);
      if (how !== 'create' && !found) throw failure('ENOENT', path);
      const file = found ?? make(path);
      return openFile(file);
    },
    facts(path) {
      const file = paths.get(path);
      return file && factsOf(file);
    },
    list: (folder) =>
      [...paths.keys()].filter((path) => dirname(path) === folder).map((path) => basename(path)),
    rename(from, to) {
      const file = lookUp(from);
      const replaced = paths.get(to);
      if (replaced) replaced.links -= 1;
      paths.set(to, file);
      paths.delete(from);
    },
    remove(path) {
      lookUp(path).links -= 1;
      paths.delete(path);
    },
    makeFolder: () => {},
    syncFolder: () => {},
    syncFolderAside: () => disk.aside(),
  };
  return disk;

  function make(path: string): Inode {
    inodes += 1;
    const file = { inode: inodes, bytes: Buffer.alloc(4096), length: 0, synced: 0, links: 1 };
    paths.set(path, file);
    return file;
  }

  function lookUp(path: string): Inode {
    const file = paths.get(path);
    if (!file) throw failure('ENOENT', path);
    return file;
  }

  function factsOf(file: Inode): FileFacts {
    const { inode, length, links } = file;
    return { inode, bytes: length, links, regular: true, mode: 0o600, modifiedMs: now() };
  }

  function openFile(file: Inode): DiskFile {
    return {
      write(bytes) {
        disk.trouble('write');
        grow(file, file.length + bytes.length);
        file.bytes.set(bytes, file.length);
        file.length += bytes.length;
        return bytes.length;
      },
      read: (into, position) => file.bytes.subarray(0, file.length).copy(into, 0, position),
      sync() {
        disk.trouble('sync');
        file.synced = file.length;
      },
      async syncAside() {
        const { length } = file;
        await disk.aside();
        disk.trouble('sync');
        file.synced = Math.max(file.synced, Math.min(length, file.length));
      },
      truncate(length) {
        grow(file, length);
        file.length = length;
        file.synced = Math.min(file.synced, length);
      },
      facts: () => factsOf(file),
      close: () => {},
    };
  }
}

function grow(file: Inode, length: number): void {
  if (length <= file.bytes.length) return;
  const bytes = Buffer.alloc(Math.max(length, file.bytes.length * 2));
  file.bytes.copy(bytes);
  file.bytes = bytes;
}

export function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
