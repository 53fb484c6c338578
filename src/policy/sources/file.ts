import { readFile, stat } from 'node:fs/promises';
import { notRegular } from '../../files/regular.ts';
import { fileStamp, stampOf } from '../../files/stamp.ts';
import { BundleFault } from '../bundle/fault.ts';
import type { Source } from './source.ts';
import { watch } from './watch.ts';

interface FileSourceOptions {
  readonly path: string;
  readonly maxBytes: number;
  /** How often the file is looked at; Kubernetes changes its mounts without telling a watcher. */
  readonly intervalMs: number;
}

/** A bundle in a file. Replace it by renaming: a half-written file is refused until it is complete. */
export function fileSource({ path, maxBytes, intervalMs }: FileSourceOptions): Source {
  let fetched = '';
  return {
    name: path,
    remote: false,
    forget: () => {},
    async fetch() {
      const stats = await stat(path, { bigint: true }).catch(missing);
      if (!stats.isFile()) throw new BundleFault(`the policy bundle ${notRegular(path)}`);
      // Taken before reading, so that a file replaced meanwhile counts as changed at the next check.
      fetched = stampOf(stats);
      if (stats.size > maxBytes) {
        throw new BundleFault(`the policy bundle ${path} is larger than ${maxBytes} bytes`);
      }
      return readFile(path).catch(missing);
    },
    follow: (check) =>
      watch({
        fingerprint: () => fileStamp(path),
        fetched: () => fetched,
        intervalMs,
        check,
      }),
  };

  function missing(cause: unknown): never {
    throw new BundleFault(`there is no policy bundle at ${path} that can be read`, { cause });
  }
}
