import { basename } from 'node:path';
import { pack } from '../entries/body.ts';
import type { Disk } from './disk.ts';
import { LogFault, PutOff } from './fault.ts';
import type { Log } from './log.ts';
import { createPause } from './pause.ts';
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
  /** Milliseconds between two calls; time is counted by these, because `now` may jump. */
  readonly everyMs: number;
}

/** How long a segment must have been too old before it is deleted, at most. */
const MOST_HOLD_MS = 3_600_000;
/** How long entries may wait for deletions: a slow disk may take seconds for all the segments of a large log. */
const MOST_MS = 100;
/** Between tries to delete what could not be deleted. */
const UNDELETED_MS = 60_000;

/**
 * Returns what deletes closed segments that are too many or too old, once a checkpoint covers them whole; the
 * log says so first. An entry that nobody signed for could be anybody's, so deleting waits for a checkpoint over
 * that one too: then it returns true. To be called every `everyMs`.
 * @throws PutOff if a segment cannot be deleted, and another LogFault if the log cannot say so
 */
export function createRetention(options: RetentionOptions): (covered: number) => boolean {
  const { disk, log, now } = options;
  const dueOf = createDue(options);
  const pause = createPause(now, UNDELETED_MS);
  /** Paths that the log already reports as deleted, and its size with the entry that does. */
  const told = new Map<string, number>();

  return (covered) => {
    if (!pause.isOver()) return false;
    try {
      return deleteExpired(covered);
    } catch (thrown) {
      if (thrown instanceof LogFault) throw thrown;
      pause.begin();
      throw new PutOff('UNDELETED', thrown);
    }
  };

  function deleteExpired(covered: number): boolean {
    const expired = dueOf(covered);
    const untold = expired.filter(({ path }) => !told.has(path));
    if (untold.length > 0) {
      const deleted = untold.map(({ path, firstSeq }) => ({
        file: basename(path),
        first_seq: firstSeq,
      }));
      log.commit(pack([log.event('retention', { retention: { deleted } })]));
    }
    const size = log.chain().seq;
    for (const { path } of untold) told.set(path, size);
    const begunAt = now();
    for (const { path } of expired) {
      if ((told.get(path) ?? size) > covered) return true;
      if (Math.abs(now() - begunAt) >= MOST_MS) return false;
      disk.remove(path);
      told.delete(path);
    }
    return false;
  }
}

/**
 * The segments to be deleted now. One is too old only once it has been so for a while on end: a clock that jumps
 * ahead by years, as at a start before NTP, makes every segment too old until it is set right.
 */
function createDue(options: RetentionOptions) {
  const { disk, file, log, now, keepSegments, keepMs, everyMs } = options;
  const holdMs = Math.min(keepMs / 10, MOST_HOLD_MS);
  let tooOldForMs = new Map<string, number>();

  return (covered: number): readonly ClosedSegment[] => {
    if (keepSegments === 0 && keepMs === 0) return [];
    const closed = closedSegments(disk, file);
    const before = tooOldForMs;
    tooOldForMs = new Map(
      oldest(closed).map(({ path }) => [path, (before.get(path) ?? 0) + everyMs]),
    );
    return closed.filter(({ path }, index) => {
      const next = closed[index + 1]?.firstSeq ?? log.firstSeq();
      const tooMany = keepSegments > 0 && closed.length - index > keepSegments;
      return next <= covered && (tooMany || (tooOldForMs.get(path) ?? 0) > holdMs);
    });
  };

  /** Up to the first that is not too old, which may be a copy that somebody put back: a log must have no gap. */
  function oldest(closed: readonly ClosedSegment[]): readonly ClosedSegment[] {
    const kept = closed.findIndex((_, index) => !isOld(closed, index));
    return kept < 0 ? closed : closed.slice(0, kept);
  }

  /** One from the future, closed while the clock was ahead, is as old as the next: it must not keep all others. */
  function isOld(closed: readonly ClosedSegment[], index: number): boolean {
    const segment = closed[index];
    if (keepMs === 0 || !segment) return false;
    const ageMs = now() - (disk.facts(segment.path)?.modifiedMs ?? now());
    return ageMs < 0 ? isOld(closed, index + 1) : ageMs > keepMs;
  }
}
