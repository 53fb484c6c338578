import { basename, dirname, join } from 'node:path';
import { liveName, liveNames, segmentsAmong, seqNamed } from '../../files/segment-names.ts';
import { codeOf } from '../../thrown.ts';
import type { Disk } from '../log/disk.ts';
import type { Checkpoint } from '../log/note.ts';
import { lookForCheckpoint } from '../log/read-checkpoint.ts';
import { isOvertaken } from './overtaken.ts';
import { PACKED_OTHERWISE, type ReadingDisk } from './packed.ts';
import { readSegmentFile, type SegmentFile } from './segment-file.ts';

/** The segments of one log, oldest first, and the checkpoint beside it. */
export interface LogFiles {
  /** Path of the live segment, whether it is there or not. */
  readonly path: string;
  readonly segments: readonly SegmentFile[];
  readonly checkpoint: Checkpoint | undefined;
  /** Why it is not one; '' if it is, or there is none. A damaged one is reported, and the log still read. */
  readonly checkpointDamage: string;
  /** True for closed segments by themselves: what is before and after them was not asked for. */
  readonly partial: boolean;
}

/** The logs in a folder, or the one that a file belongs to. @throws Error where there is none */
export function collectLogs(disk: ReadingDisk, path: string): readonly LogFiles[] {
  if (PACKED_OTHERWISE.test(path)) throw new Error(`${path} is packed; unpack it first`);
  const facts = disk.facts(path);
  if (facts?.regular) return [collectLog(disk, path)];
  if (!facts) {
    // A process that ended while it rotated leaves closed segments and no live file.
    if (holdsSegments(disk, path)) return [collectLog(disk, path)];
    throw new Error(`${path}: no such file or folder`);
  }
  const logs = liveNames(listed(disk, path));
  if (logs.length === 0) throw new Error(`${path} does not hold an audit log${hint(disk, path)}`);
  return logs.map((name) => collectLog(disk, join(path, name)));
}

/** Each log of a fleet has its own folder, and people easily name the folder above instead. */
function hint(disk: Disk, path: string): string {
  const folders = disk.list(path).map((name) => join(path, name));
  const holding = folders.filter((folder) => holdsLog(disk, folder));
  if (holding.length === 0) return '';
  const more = holding.length > 4 ? ' …' : '';
  return `, but folders in it do: name ${holding.slice(0, 4).join(' ')}${more}`;
}

function holdsLog(disk: Disk, path: string): boolean {
  try {
    return !disk.facts(path)?.regular && liveNames(disk.list(path)).length > 0;
  } catch {
    return false;
  }
}

/** A segment is read back and forth, which a pipe does not allow, and links are not followed. */
function listed(disk: Disk, path: string): readonly string[] {
  try {
    return disk.list(path);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOTDIR') throw cause;
    throw new Error(
      `${path} is neither a regular file nor a folder, but a pipe, a link or a device`,
    );
  }
}

function holdsSegments(disk: Disk, path: string): boolean {
  const folder = dirname(path);
  if (disk.facts(folder) === undefined) return false;
  return segmentsAmong(disk.list(folder), basename(path)).length > 0;
}

/** Given a closed segment, only that segment; given a live file, all of its log. */
export function collectLog(disk: ReadingDisk, path: string): LogFiles {
  const folder = dirname(path);
  const own = basename(path);
  if (liveName(own) !== own) {
    const segment = readSegmentFile(disk, path);
    if (!segment) throw new Error(`${path}: no such file`);
    return partOf(path, [segment]);
  }
  // Read before the segments: they then hold all that it covers, and newer entries do no harm.
  const { checkpoint, damage: checkpointDamage } = lookForCheckpoint(disk, path);
  const namesNow = () => segmentsAmong(disk.list(folder), own).map((name) => join(folder, name));
  const all = readStill(disk, namesNow).sort((a, b) => order(a, path) - order(b, path));
  const segments = all.filter((one) => one.path !== path || !isOvertaken(disk, one, all));
  return { path, segments, checkpoint, checkpointDamage, partial: false };
}

/** Closed segments of one log, with this live file, that were asked for together. */
export function joinSegments(path: string, parts: readonly LogFiles[]): LogFiles {
  const all = parts.flatMap(({ segments }) => segments);
  const segments = all.sort((a, b) => order(a, path) - order(b, path));
  return partOf(path, segments);
}

function partOf(path: string, segments: readonly SegmentFile[]): LogFiles {
  return { path, segments, checkpoint: undefined, checkpointDamage: '', partial: true };
}

/** For a reader that needs all of a log. @throws Error */
export function refuseDamaged({ segments }: LogFiles): void {
  const damaged = segments.find(({ damage }) => damage !== '');
  if (damaged) throw new Error(`${damaged.name} ${damaged.damage}`);
}

/**
 * If a segment was closed or deleted while they were read, reads them again: what is half from before and half
 * from after that looks as if entries were missing. One that is named by its first seq is read once, or a log of
 * many segments would never be done before the next one is closed.
 */
function readStill(disk: ReadingDisk, namesNow: () => readonly string[]): SegmentFile[] {
  const closed = new Map<string, SegmentFile>();
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    const names = namesNow();
    const segments = names.flatMap((name) => closed.get(name) ?? readSegmentFile(disk, name) ?? []);
    if (String(namesNow()) === String(names)) return segments;
    for (const one of segments) if (isNamedByHead(one)) closed.set(one.path, one);
  }
  throw new Error('the log closes segments faster than they can be read');
}

const MOST_TRIES = 100;

function isNamedByHead({ head, path }: SegmentFile): boolean {
  return head !== undefined && head.chain.seq === seqNamed(path);
}

function order({ head, path }: SegmentFile, live: string): number {
  if (head) return head.chain.seq;
  return seqNamed(path) ?? (path === live ? Number.MAX_SAFE_INTEGER : 0);
}
