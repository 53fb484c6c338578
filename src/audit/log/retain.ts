import { basename } from 'node:path';
import { pack } from '../body.ts';
import type { Disk } from './disk.ts';
import type { Log } from './log.ts';
import { closedSegments } from './segments.ts';

export interface RetainOptions {
  readonly disk: Disk;
  readonly file: string;
  readonly log: Log;
  readonly now: () => number;
  /** Closed segments to keep at most; 0 keeps all. */
  readonly keepSegments: number;
  /** How long a closed segment is kept at most, in milliseconds; 0 keeps it for ever. */
  readonly keepMs: number;
}

/** Deletes closed segments that are too many or too old, once a checkpoint covers them whole; the log says so first. */
export function retain(options: RetainOptions, covered: number): void {
  const { disk, file, log, now, keepSegments, keepMs } = options;
  if (keepSegments === 0 && keepMs === 0) return;
  const closed = closedSegments(disk, file);
  const expired = closed.filter(({ path }, index) => {
    const next = closed[index + 1]?.firstSeq ?? log.firstSeq();
    const tooMany = keepSegments > 0 && closed.length - index > keepSegments;
    const age = now() - (disk.facts(path)?.modifiedMs ?? now());
    return next <= covered && (tooMany || (keepMs > 0 && age > keepMs));
  });
  if (expired.length === 0) return;
  const named = expired.map(({ path, firstSeq }) => ({
    file: basename(path),
    first_seq: firstSeq,
  }));
  log.commit(pack([log.event('retention', { retention: { deleted: named } })]));
  for (const { path } of expired) disk.remove(path);
}
