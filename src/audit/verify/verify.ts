import { checkpointOf, seqNamed } from '../../files/segment-names.ts';
import { EMPTY_CHAIN } from '../log/chain.ts';
import type { Checkpoint } from '../log/note.ts';
import { rootOf } from '../log/tree.ts';
import { parseVkey, toVkey, type VerifierKey } from '../log/vkey.ts';
import type { LogFiles } from './collect.ts';
import { openSegment } from './open-segment.ts';
import type { ReadingDisk } from './packed.ts';
import type { SegmentFile } from './segment-file.ts';
import { createWalk, type Problem, type Walk } from './walk.ts';
import { walkSegment } from './walk-segment.ts';

interface VerifyOptions {
  readonly disk: ReadingDisk;
  /** Checkpoints from elsewhere, besides the one beside the log. */
  readonly checkpoints: readonly Checkpoint[];
  /** Keys to trust; if there are none, the keys that the log itself names. */
  readonly keys: readonly VerifierKey[];
  readonly onProgress: (bytes: number) => void;
}

export interface Verdict {
  /**
   * `empty`: no entries, so nothing can be said. `unsigned`: keys were given, but none of them signed
   * anything here, so anybody may have written it.
   */
  readonly state: 'intact' | 'tampered' | 'torn' | 'empty' | 'unsigned';
  readonly origins: readonly string[];
  /** Those origins that have a signed checkpoint. */
  readonly vouched: readonly string[];
  readonly vkeys: readonly string[];
  readonly firstSeq: number;
  /** Seq after the last good entry. */
  readonly size: number;
  readonly root: string;
  /** How many entries a signed checkpoint vouches for; those after it are only chained. */
  readonly signed: number;
  /** Seqs of the entries that say that the log went on after a broken chain. */
  readonly broken: readonly number[];
  readonly segments: number;
  readonly bytes: number;
  /** Bytes of an unfinished last line. */
  readonly tornBytes: number;
  /** Bytes that a faulty segment holds beyond its last acknowledged entry. */
  readonly abandonedBytes: number;
  readonly problem: (Problem & { readonly file: string }) | undefined;
}

/** Verifies one log, whole, in constant memory. @throws Error where it cannot be read */
export function verifyLog(log: LogFiles, options: VerifyOptions): Verdict {
  const [first] = log.segments;
  if (!first) throw new Error(`${log.path}: there are no segments`);
  const heads = log.segments.flatMap(({ head }) => head ?? []);
  const start = first.head?.chain ?? { ...EMPTY_CHAIN, seq: seqNamed(first.path) ?? 0 };
  const claims = [...options.checkpoints, ...(log.checkpoint ? [log.checkpoint] : [])];
  const keys = options.keys.length > 0 ? options.keys : keysNamedBy(log);
  const before = first.head?.predecessor?.file;
  const walk = createWalk({ start, claims, keys, before, partial: log.partial });
  const { tornBytes, abandonedBytes, bytes, last } = walkSegments(walk, log, options);
  const problem =
    walk.finish() ??
    unexplained(log, walk) ??
    foreign(log, walk, options.keys) ??
    damaged(log, walk);
  const { seq, peaks } = walk.chain();
  const empty = seq === start.seq;
  const unsigned = options.keys.length > 0 && !empty && walk.signed() <= start.seq;
  return {
    ...{ tornBytes, abandonedBytes, bytes },
    state: stateOf({ tampered: problem !== undefined, unsigned, torn: tornBytes > 0, empty }),
    origins: [...new Set(heads.map(({ origin }) => origin))],
    vouched: [...walk.vouched()],
    vkeys: [...new Set(heads.map(({ vkey }) => vkey))],
    firstSeq: start.seq,
    size: seq,
    root: rootOf({ size: seq, peaks }).toString('base64'),
    signed: walk.signed(),
    broken: walk.broken(),
    segments: log.segments.length,
    problem: problem && { file: last, ...problem },
  };
}

/** The gravest thing that is true of the log. */
function stateOf(found: Readonly<Record<Exclude<Verdict['state'], 'intact'>, boolean>>) {
  if (found.tampered) return 'tampered';
  if (found.unsigned) return 'unsigned';
  if (found.torn) return 'torn';
  return found.empty ? 'empty' : 'intact';
}

/**
 * Only what the log itself says it deleted may be missing before its first segment. It deletes nothing before
 * that entry is signed for; one that is not, anybody may have added.
 */
function unexplained({ segments, partial }: LogFiles, walk: Walk): Problem | undefined {
  const head = segments[0]?.head;
  if (partial || !head || head.chain.seq === 0) return;
  const at = walk.deletedAt();
  if (at !== undefined && at < walk.signed()) return;
  const unsigned = at === undefined ? '' : `; entry ${at}, which says so, is not signed for`;
  return { seq: 0, why: `entries 0 to ${head.chain.seq - 1} are missing${unsigned}` };
}

/**
 * A segment whose head names a key that was not given, and that no given key has signed. Its first checkpoint
 * would show that, but the verdict must not depend on whether that exists yet, or was removed.
 */
function foreign({ segments }: LogFiles, walk: Walk, keys: readonly VerifierKey[]) {
  if (keys.length === 0) return;
  const given = new Set(keys.map(({ name, key }) => toVkey(name, key)));
  for (const { head, name: file } of segments) {
    if (!head || head.chain.seq < walk.signed() || given.has(head.vkey)) continue;
    const why = `the segment is to be signed by ${head.vkey}, which was not given`;
    return { seq: head.chain.seq, why, file };
  }
  return;
}

/** Not from a crash: the log replaces its checkpoint whole or not at all. */
function damaged({ path, checkpointDamage }: LogFiles, walk: Walk) {
  if (checkpointDamage === '') return;
  return { seq: walk.chain().seq, why: checkpointDamage, file: checkpointOf(path) };
}

/** Each once: a log of years has thousands of segments, and each of them names its key. */
export function keysNamedBy({ segments }: LogFiles): readonly VerifierKey[] {
  return [...new Set(segments.flatMap(({ head }) => head?.vkey ?? []))].flatMap(keyOf);
}

function keyOf(vkey: string): readonly VerifierKey[] {
  try {
    return [parseVkey(vkey)];
  } catch {
    return [];
  }
}

function walkSegments(walk: Walk, log: LogFiles, { disk, onProgress }: VerifyOptions) {
  const { segments, path } = log;
  const open = (segment: SegmentFile) => openSegment(disk, log, segment);
  const total = { tornBytes: 0, abandonedBytes: 0, bytes: 0, last: path };
  for (const [index, segment] of segments.entries()) {
    total.last = segment.name;
    const onBytes = (bytes: number) => onProgress(total.bytes + bytes);
    const next = segments[index + 1]?.head;
    const place = { isFirst: index === 0, isLast: index === segments.length - 1 };
    const rest = walkSegment(walk, segment, { open, next, ...place, onBytes });
    total.bytes += segment.bytes;
    total.tornBytes += rest.tornBytes;
    total.abandonedBytes += rest.abandonedBytes;
    if (rest.broken) break;
  }
  return total;
}
