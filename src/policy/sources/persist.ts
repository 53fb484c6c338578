import type { Buffer } from 'node:buffer';
import { stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../../files/make-folder.ts';
import { readRegular } from '../../files/regular.ts';
import { writeWhole } from '../../files/write-whole.ts';
import { BundleFault } from '../bundle/fault.ts';

export interface Kept {
  readonly archive: Buffer;
  /** When the source last confirmed it. */
  readonly savedAt: number;
}

/** The last good bundle of a remote source, kept for a start while that source is down. */
export interface PersistedBundle {
  /** Undefined if there is none. */
  read(): Promise<Kept | undefined>;
  /** Takes a new bundle, or undefined if the source confirmed the kept one. */
  save(archive: Buffer | undefined): Promise<void>;
}

export function persistAt(path: string): PersistedBundle {
  return {
    async read() {
      try {
        const archive = readRegular(path, Number.POSITIVE_INFINITY);
        return { archive, savedAt: (await stat(path)).mtimeMs };
      } catch {
        return undefined;
      }
    },
    async save(archive) {
      if (archive) await keep(path, archive).catch(notKept);
      else await utimes(path, new Date(), new Date()).catch(() => {});
    },
  };
}

async function keep(path: string, archive: Buffer): Promise<void> {
  makeFolder(dirname(path), 0o700);
  await writeWhole(path, archive, 0o600);
}

function notKept(cause: unknown): never {
  throw new BundleFault('the bundle serves, but cannot be kept in policy.service.persist', {
    cause,
  });
}
