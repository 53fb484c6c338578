import { basename, dirname } from 'node:path';
import type { Disk, DiskFile, FileFacts } from '../../src/audit/log/disk.ts';

interface Inode {
  readonly number: number;
  /** What a reader sees. */
  bytes: Buffer;
  /** What surely survives a power cut; more of `bytes` may survive too. */
  synced: Buffer;
  /** A sync failed: later ones promise nothing, because they do not see the pages that it dropped. */
  dropped: boolean;
  links: number;
  mode: number;
  modifiedMs: number;
}

type DiskCall =
  | 'open'
  | 'write'
  | 'read'
  | 'sync'
  | 'truncate'
  | 'rename'
  | 'remove'
  | 'syncFolder';

export interface MemoryDisk extends Disk {
  /** Runs before each call, which throws what it throws; a number limits a write to that many bytes. */
  fault: (call: DiskCall, path: string) => number | undefined;
  /** A sync aside waits for this. */
  aside: () => Promise<void>;
  /** Cuts the power: names revert to their folder's last sync; files keep `pick` of their unsynced bytes. */
  crash(pick: (unsynced: number) => number): void;
  read(path: string): Buffer;
  /** Puts a durable file there. */
  write(path: string, bytes: Uint8Array): void;
}

export function errno(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}

/** A file system in memory that loses what was not synced, and fails when it is told to. */
export function createMemoryDisk(now: () => number = () => 0): MemoryDisk {
  let names = new Map<string, Inode>();
  let syncedNames = new Map<string, Inode>();
  let lastInode = 0;

  const disk: MemoryDisk = {
    fault: () => undefined,
    aside: () => Promise.resolve(),
    crash(pick) {
      names = new Map(syncedNames);
      for (const inode of names.values()) {
        const beyond = inode.bytes.length - inode.synced.length;
        const kept = inode.synced.length + (beyond > 0 ? pick(beyond) : 0);
        inode.bytes = Buffer.from(beyond > 0 ? inode.bytes.subarray(0, kept) : inode.synced);
        inode.synced = inode.bytes;
      }
    },
    read: (path) => at(path).bytes,
    write(path, bytes) {
      if (!names.has(path)) disk.open(path, 'create');
      at(path).bytes = Buffer.from(bytes);
      at(path).synced = at(path).bytes;
      syncedNames = new Map(names);
    },
    open(path, how) {
      disk.fault('open', path);
      if (how === 'create') {
        if (names.has(path)) throw errno('EEXIST');
        lastInode += 1;
        const empty = Buffer.alloc(0);
        const fresh = { bytes: empty, synced: empty, dropped: false, links: 1, mode: 0o600 };
        names.set(path, { number: lastInode, ...fresh, modifiedMs: now() });
      }
      return openFile(path, at(path));
    },
    facts: (path) => {
      const inode = names.get(path);
      return inode && toFacts(inode);
    },
    // Newest first: a real folder has no order that anything may rely on.
    list: (folder) =>
      [...names.keys()]
        .filter((path) => dirname(path) === folder)
        .map((path) => basename(path))
        .toReversed(),
    rename(from, to) {
      disk.fault('rename', from);
      const inode = at(from);
      const replaced = names.get(to);
      if (replaced) replaced.links = 0;
      names.set(to, inode);
      names.delete(from);
    },
    remove(path) {
      disk.fault('remove', path);
      at(path).links = 0;
      names.delete(path);
    },
    makeFolder: () => undefined,
    syncFolder(path) {
      disk.fault('syncFolder', path);
      syncedNames = new Map(names);
    },
    async syncFolderAside(path) {
      await disk.aside();
      disk.syncFolder(path);
    },
  };
  return disk;

  function at(path: string): Inode {
    const inode = names.get(path);
    if (!inode) throw errno('ENOENT');
    return inode;
  }

  function syncUpTo(path: string, inode: Inode, bytes: Buffer): void {
    try {
      disk.fault('sync', path);
    } catch (thrown) {
      inode.dropped = true;
      throw thrown;
    }
    if (!inode.dropped && bytes.length > inode.synced.length) inode.synced = bytes;
  }

  function openFile(path: string, inode: Inode): DiskFile {
    return {
      write(bytes) {
        const room = disk.fault('write', path);
        const taken = Math.min(bytes.length, room ?? bytes.length);
        inode.bytes = Buffer.concat([inode.bytes, bytes.subarray(0, taken)]);
        inode.modifiedMs = now();
        return taken;
      },
      read(into, position) {
        disk.fault('read', path);
        return inode.bytes.copy(into, 0, position, position + into.length);
      },
      sync: () => syncUpTo(path, inode, inode.bytes),
      async syncAside() {
        const { bytes } = inode;
        await disk.aside();
        syncUpTo(path, inode, bytes);
      },
      truncate(length) {
        disk.fault('truncate', path);
        inode.bytes = Buffer.from(inode.bytes.subarray(0, length));
        if (inode.synced.length > length) inode.synced = inode.bytes;
      },
      facts: () => toFacts(inode),
      close: () => undefined,
    };
  }
}

function toFacts({ number, bytes, links, mode, modifiedMs }: Inode): FileFacts {
  return { inode: number, bytes: bytes.length, links, regular: true, mode, modifiedMs };
}
