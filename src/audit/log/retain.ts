import { basename } from 'node:path';
import { pack } from '../body.ts';
import type { Disk } from './disk.ts';
import type { Log } from './log.ts';
import { type ClosedSegment, closedSegments } from './segments.ts';

interface RetentionOptions {
  readonly disk: Disk;
  readonly file: string;
  readonly log: Log;
  readonly now: () => number;
  /** Closed segments to keep at most; 0 keeps all. */
  readonly keepSegments: number;
  /** How long a closed segment is kept at most, in milliseconds; 0 keeps it for ever. */
  readonly keepMs: number;
}

/**
 * Returns what deletes closed segments that are too many or too old, once a checkpoint covers them whole; the
 * log says so first. A segment that cannot be deleted does no harm, so it must not stop the log.
 * @throws LogFault if the log cannot say so; whatever else it throws is about the segments
 */
export function createRetention(options: RetentionOptions): (covered: number) => void {
  const { disk, log } = options;
  /** Paths that the log already reports as deleted. */
  const told = new Set<string>();

  return (covered) => {
    const expired = expiredOf(options, covered);
    const untold = expired.filter(({ path }) => !told.has(path));
    if (untold.length > 0) {
      const deleted = untold.map(({ path, firstSeq }) => ({
        file: basename(path),
        first_seq: firstSeq,
      }));
      log.commit(pack([log.event('retention', { retention: { deleted } })]));
    }
    for (const { path } of untold) told.add(path);
    for (const { path } of expired) {
      disk.remove(path);
      told.delete(path);
    }
  };
}

function expiredOf(options: RetentionOptions, covered: number): readonly ClosedSegment[] {
  const { disk, file, log, now, keepSegments, keepMs } = options;
  if (keepSegments === 0 && keepMs === 0) return [];
  const closed = closedSegments(disk, file);
  return closed.filter(({ path }, index) => {
    const next = closed[index + 1]?.firstSeq ?? log.firstSeq();
    const tooMany = keepSegments > 0 && closed.length - index > keepSegments;
    const age = now() - (disk.facts(path)?.modifiedMs ?? now());
    return next <= covered && (tooMany || (keepMs > 0 && age > keepMs));
  });
}
