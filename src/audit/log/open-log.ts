import { basename, dirname } from 'node:path';
import { checkpointOf } from '../../files/segment-names.ts';
import { canonical } from '../../json/canonical.ts';
import { type Chain, EMPTY_CHAIN } from './chain.ts';
import type { Disk, DiskFile } from './disk.ts';
import { LogFault } from './fault.ts';
import type { Head, Predecessor } from './head.ts';
import { firstLine } from './lines.ts';
import { isForged } from './note.ts';
import { openRegular } from './open-regular.ts';
import { type Found, readSegment } from './read-segment.ts';
import { putBroken, salvage } from './salvage.ts';
import { type Live, putAway, toLive } from './segment.ts';
import { freePath, segmentsByHead } from './segments.ts';
import type { LogOptions } from './state.ts';
import { putAside, type Recovered } from './torn-tail.ts';
import { parseVkey } from './vkey.ts';

/** Where a log goes on after a start. */
export interface Opening {
  readonly chain: Chain;
  readonly bytes: number;
  /** Undefined where a new segment has to be made. */
  readonly live: Live | undefined;
  readonly predecessor: Predecessor | undefined;
  /** Decision ids of calls that were begun and never ended. */
  readonly open: ReadonlySet<string>;
  readonly recovered: Recovered | undefined;
  readonly broken: { readonly why: string; readonly file: string } | undefined;
}

const FRESH = {
  chain: EMPTY_CHAIN,
  bytes: 0,
  live: undefined,
  predecessor: undefined,
  open: new Set<string>(),
  recovered: undefined,
  broken: undefined,
};

/** Finds the end of the log and makes it whole. @throws LogFault BROKEN, OTHER_SCHEMA */
export function openLog(options: LogOptions): Opening {
  const { disk, file: path, claim } = options;
  disk.makeFolder(dirname(path));
  const last = disk.facts(path) ? path : newestMoved(disk, path);
  if (last === undefined) {
    if (claim && claim.size > 0) return broken(options, 'the log is gone, its checkpoint is not');
    return FRESH;
  }
  const file = openRegular(disk, last, 'append');
  try {
    return goOn(options, file, last);
  } catch (thrown) {
    file.close();
    if (thrown instanceof LogFault && (thrown.code === 'BROKEN' || thrown.code === 'NO_HEAD')) {
      return emptied(options, last) ?? broken(options, thrown.message);
    }
    if (thrown instanceof LogFault && thrown.code === 'OTHER_SCHEMA') {
      throw new LogFault('OTHER_SCHEMA', `${thrown.message}, or give this one a new audit.file`);
    }
    throw thrown;
  }
}

/** There is no live file after logrotate, or if the process ended in the middle of a rotation. */
function newestMoved(disk: Disk, path: string): string | undefined {
  return segmentsByHead(disk, path).at(-1)?.path;
}

function goOn(options: LogOptions, file: DiskFile, last: string): Opening {
  const { file: path, claim } = options;
  // Whoever changed the entries had to change it too, and the next one would sign for what they wrote.
  if (claim && isForged(claim, parseVkey(options.vkey))) {
    throw new LogFault('BROKEN', `${checkpointOf(path)} is not signed by the key that it names`);
  }
  const found = readSegment(file, last, claim);
  const { chain, bytes, open, head } = found;
  // The checkpoint says nothing of a segment that begins after all that it covers.
  if (claim && head.origin !== claim.origin && head.origin !== options.origin) {
    throw new LogFault('BROKEN', `${last} is of another log, ${head.origin}`);
  }
  const { bad } = found;
  const recovered = bad && putAside(options, { file, path: last, found, bad });
  if (claim && claim.size > chain.seq) {
    throw new LogFault(
      'BROKEN',
      `${last} ends at seq ${chain.seq - 1}; ${claim.size} entries were signed`,
    );
  }
  const live = toLive(file, head.chain.seq, head.begunAt);
  const same = saysTheSame(head, options);
  const opening = { chain, bytes, open, recovered, broken: undefined, predecessor: undefined };
  if (last === path && same && found.lastKind !== 'segment_close') return { ...opening, live };
  return { ...opening, live: undefined, predecessor: predecessor(options, { live, found, last }) };
}

/** If not, a new segment is needed: a head describes every entry of its segment. */
function saysTheSame(head: Head, { origin, vkey, labels }: LogOptions): boolean {
  const same = head.origin === origin && head.vkey === vkey;
  return same && canonical(head.labels) === canonical(labels);
}

function predecessor(options: LogOptions, { live, found, last }: Ended): Predecessor {
  const { disk, file: path } = options;
  const closed = found.lastKind === 'segment_close' ? 'start' : 'origin';
  const { bytes } = found;
  if (last !== path) {
    live.file.close();
    return { file: basename(last), bytes, closed };
  }
  const put = putAway({ disk, path, live, bytes, closed, doubtful: false });
  live.file.close();
  return put;
}

interface Ended {
  readonly live: Live;
  readonly found: Found;
  readonly last: string;
}

/** A live file whose head never became whole: its segment was being made when the process ended. */
function emptied(options: LogOptions, last: string) {
  const { disk, file: path, claim } = options;
  if (last !== path || headIsWhole(disk, path)) return;
  if (claim && claim.size > 0 && !newestMoved(disk, path)) return;
  const bytes = disk.facts(path)?.bytes ?? 0;
  if (bytes === 0) disk.remove(path);
  else disk.rename(path, freePath(disk, `${path}.torn-head`));
  return openLog(options);
}

function headIsWhole(disk: Disk, path: string): boolean {
  const file = openRegular(disk, path, 'read');
  try {
    return firstLine(file) !== undefined;
  } finally {
    file.close();
  }
}

const WAYS_ON =
  'put back what was there, or go on after it, for all to see, with audit.on_broken_chain: continue';

/** If told to go on, starts a new segment that says what is wrong with the one before. */
function broken(options: LogOptions, why: string): Opening {
  const { disk, file: path, onBrokenChain } = options;
  if (onBrokenChain === 'refuse') throw new LogFault('BROKEN', `${why}; ${WAYS_ON}`);
  const salvaged = salvage(options);
  const { chain = EMPTY_CHAIN, open = FRESH.open } = salvaged ?? {};
  const goingOn = { ...FRESH, chain, open };
  if (disk.facts(path)) {
    const put = putBroken(options, chain.seq);
    return { ...goingOn, predecessor: put, broken: { why, file: put.file } };
  }
  if (!salvaged) return { ...FRESH, broken: { why, file: '' } };
  const { file, bytes } = salvaged;
  return { ...goingOn, predecessor: { file, bytes, closed: 'broken' }, broken: { why, file } };
}
