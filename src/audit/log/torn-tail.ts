import { hash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { MOST_BATCH_BYTES } from '../entries/body.ts';
import type { DiskFile } from './disk.ts';
import { LogFault } from './fault.ts';
import type { Bad, Found } from './read-segment.ts';
import { freePath } from './segments.ts';
import type { LogOptions } from './state.ts';
import { writeAll } from './write.ts';

/** A torn tail that was put aside. */
export interface Recovered {
  readonly bytes: number;
  readonly file: string;
  readonly sha256: string;
  readonly why: string;
}

/** Only what a crash can leave may be put aside; anything else is a broken chain. */
export function putAside(options: LogOptions, { file, path, found, bad }: Torn): Recovered {
  const { disk, claim, durability } = options;
  const { bytes, chain, signed } = found;
  const covered = Math.max(signed, claim?.size ?? 0);
  // A crash cuts short one batch; without a sync for each, it may take all that came since the last checkpoint.
  const most = durability === 'fsync' ? MOST_BATCH_BYTES : Number.POSITIVE_INFINITY;
  if (bad.bytes > most || chain.seq < covered) {
    throw new LogFault('BROKEN', `${path}: seq ${chain.seq}: ${bad.why}`);
  }
  const torn = Buffer.alloc(bad.bytes);
  file.read(torn, bytes);
  const kept = freePath(disk, `${path}.torn-${chain.seq}`);
  const copy = disk.open(kept, 'create');
  try {
    writeAll(copy, torn);
    copy.sync();
  } finally {
    copy.close();
  }
  disk.syncFolder(dirname(path));
  file.truncate(bytes);
  file.sync();
  const sha256 = hash('sha256', torn, 'hex');
  return { bytes: bad.bytes, file: basename(kept), sha256, why: bad.why };
}

interface Torn {
  readonly file: DiskFile;
  readonly path: string;
  readonly found: Found;
  readonly bad: Bad;
}
