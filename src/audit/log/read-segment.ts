import type { Chain } from './chain.ts';
import type { DiskFile } from './disk.ts';
import { LogFault } from './fault.ts';
import { fromHead, type Head, isOfOtherSchema, whyNoHead } from './head.ts';
import { type Line, linkOf, readLines } from './lines.ts';
import type { Claim } from './note.ts';
import { hashLeaf, push, rootOf } from './tree.ts';

/** What a segment holds, up to the first line that does not fit the chain. */
export interface Found {
  readonly head: Head;
  readonly chain: Chain;
  /** Where the good lines end. */
  readonly bytes: number;
  readonly open: Set<string>;
  /** Kind of the last good line. */
  readonly lastKind: string;
  /** Seq after the last good checkpoint: what lies before has been signed for. */
  readonly signed: number;
  /** What follows the good lines, if anything does. */
  readonly bad: Bad | undefined;
}

export interface Bad {
  readonly bytes: number;
  readonly why: string;
}

/**
 * Reads a segment from its head to its last line that fits the chain. Every line is hashed, but lines
 * are parsed only from the last checkpoint on, which names the calls that were open then: parsing
 * would be most of the cost of a start.
 * @throws LogFault NO_HEAD, OTHER_SCHEMA, or BROKEN if the lines are not those that `claim` was signed over
 */
export function readSegment(file: DiskFile, path: string, claim?: Claim): Found {
  const from = lastCheckpoint(file);
  const found = readFrom(from, file, path, claim);
  // If the chain ends before that checkpoint, what the checkpoint says does not count.
  return found.bytes > from ? found : readFrom(0, file, path, claim);
}

const CHECKPOINT = Buffer.from('\n{"checkpoint":');
const STEP_BYTES = 1 << 20;

/** Where the last line that looks like a checkpoint starts; 0 where there is none. */
function lastCheckpoint(file: DiskFile): number {
  const chunk = Buffer.allocUnsafe(STEP_BYTES + CHECKPOINT.length);
  for (let end = file.facts().bytes; end > 0; end -= STEP_BYTES) {
    const start = Math.max(0, end - STEP_BYTES);
    const count = file.read(chunk.subarray(0, end - start + CHECKPOINT.length - 1), start);
    const at = chunk.subarray(0, count).lastIndexOf(CHECKPOINT);
    if (at >= 0) return start + at + 1;
  }
  return 0;
}

function readFrom(from: number, file: DiskFile, path: string, claim: Claim | undefined): Found {
  const total = file.facts().bytes;
  const lines = readLines(file);
  const first = lines.next();
  const line = first.done || !first.value.ended ? undefined : first.value.bytes;
  const head = line && fromHead(line);
  if (first.done || !head) {
    const code = isOfOtherSchema(line) ? 'OTHER_SCHEMA' : 'NO_HEAD';
    throw new LogFault(code, `${path}: ${whyNoHead(line)}`);
  }

  const walk = createWalk(head, from, claim);
  let why = walk.take(first.value);
  while (why === '') {
    const next = lines.next();
    if (next.done) break;
    why = walk.take(next.value);
  }
  const found = walk.found();
  const rest = total - found.bytes;
  return { ...found, bad: rest > 0 ? { bytes: rest, why } : undefined };
}

function createWalk(head: Head, from: number, claim: Claim | undefined) {
  const peaks = [...head.chain.tree.peaks];
  let open = new Set(head.open);
  let { seq, prev } = head.chain;
  let bytes = 0;
  let lastKind = '';
  let signed = 0;

  return {
    /** Returns '' where the line fits, else why not. */
    take(line: Line): string {
      const why = misfit(line, seq, prev);
      if (why !== '') return why;
      if (line.offset >= from && !learn(line.bytes)) return NO_ENTRY;
      prev = hashLeaf(line.leaf);
      push(peaks, seq, prev);
      seq += 1;
      if (seq === claim?.size && !rootOf({ size: seq, peaks }).equals(claim.root)) {
        throw new LogFault('BROKEN', `the first ${seq} entries are not those of the checkpoint`);
      }
      bytes = line.offset + line.bytes.length + 1;
      return '';
    },
    found: (): Omit<Found, 'bad'> => ({
      head,
      chain: { seq, prev, tree: { size: seq, peaks } },
      bytes,
      open,
      lastKind,
      signed,
    }),
  };

  function learn(line: Buffer): boolean {
    const entry = parse(line);
    if (!entry) return false;
    const { kind, decision_id: id, checkpoint } = entry;
    if (kind === 'intent') open.add(id);
    else if (kind === 'outcome') open.delete(id);
    else if (kind === 'checkpoint') {
      signed = checkpoint?.size ?? signed;
      if (checkpoint?.open) open = new Set(checkpoint.open);
    }
    lastKind = kind;
    return true;
  }
}

const NO_ENTRY = 'not an entry';

/** Why a line is not the next one of its chain; '' if it is. */
function misfit({ bytes, ended }: Line, seq: number, prev: string): string {
  if (!ended) return 'the last line is incomplete';
  const link = linkOf(bytes);
  if (!link) return NO_ENTRY;
  if (link.seq !== seq) return `seq is ${link.seq} where ${seq} should follow`;
  return link.prev === prev ? '' : 'prev is not the hash of the line before';
}

interface Entry {
  readonly kind: string;
  readonly decision_id: string;
  readonly checkpoint?: { readonly size?: number; readonly open?: readonly string[] };
}

function parse(line: Buffer): Entry | undefined {
  try {
    return JSON.parse(line.toString());
  } catch {
    return;
  }
}
