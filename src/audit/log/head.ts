import type { Json } from '../../json/canonical.ts';
import { type Body, toEventBody } from '../entries/body.ts';
import type { Chain } from './chain.ts';
import type { DiskFile } from './disk.ts';
import { firstLine } from './lines.ts';
import { peakCount, type Tree } from './tree.ts';

const SCHEMA_VERSION = 2;

/** Where the segment before this one ended, as its writer knew it. */
export interface Predecessor {
  /** File name, without folder. */
  readonly file: string;
  /** Bytes that count; what follows them was never acknowledged. */
  readonly bytes: number;
  /** Why it ended: `size`, `age`, `reopen`, `origin`, or what went wrong. */
  readonly closed: string;
}

interface HeadFacts {
  readonly chain: Chain;
  readonly origin: string;
  /** The key that signs this segment's checkpoints, as a signed-note verifier key. */
  readonly vkey: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly predecessor: Predecessor | undefined;
  /** Decision ids of calls begun before and not ended yet. */
  readonly open: Iterable<string>;
}

/** A segment's first line: enough to go on from, and to verify the segment by itself. */
export function toHead(facts: HeadFacts, timestamp: string): Body {
  const { chain, origin, vkey, labels, predecessor, open } = facts;
  return toEventBody('segment', timestamp, {
    labels,
    segment: {
      first_seq: chain.seq,
      open: [...open],
      origin,
      predecessor: predecessor ? { ...predecessor } : null,
      schema: SCHEMA_VERSION,
      tree: chain.tree.peaks,
      vkey,
    },
  });
}

export interface Head {
  readonly chain: Chain;
  readonly origin: string;
  readonly vkey: string;
  /** Of the instance that wrote every entry of the segment. */
  readonly labels: Readonly<Record<string, string>>;
  readonly predecessor: Predecessor | undefined;
  readonly open: readonly string[];
  /** When the segment was begun, in milliseconds since the Unix epoch. */
  readonly begunAt: number;
}

/** Reads a head back; undefined if the line is not one, or is of another version. */
export function fromHead(line: Uint8Array): Head | undefined {
  try {
    const { kind, labels, prev, segment, seq, timestamp } = JSON.parse(
      Buffer.from(line).toString(),
    );
    if (kind !== 'segment' || segment.schema !== SCHEMA_VERSION) return;
    if (segment.first_seq !== seq || typeof prev !== 'string') return;
    // Of any other number, such as 1e999, the tree's peaks cannot be counted.
    if (!Number.isSafeInteger(seq) || seq < 0) return;
    const tree = toTree(seq, segment.tree);
    if (!tree) return;
    const { origin, vkey, open, predecessor } = segment;
    if (typeof origin !== 'string' || typeof vkey !== 'string' || !Array.isArray(open)) return;
    return {
      chain: { seq, prev, tree },
      origin,
      vkey,
      labels,
      open,
      predecessor: predecessor ?? undefined,
      begunAt: Date.parse(timestamp),
    };
  } catch {
    return;
  }
}

/** Why a first line is not a head that this version reads: missing, no head, or of another version. */
export function whyNoHead(line: Uint8Array = Buffer.alloc(0)): string {
  const { schema, version } = ofOtherVersion(line);
  if (schema === undefined)
    return 'the first line is not a segment head: this is not an audit log, or its beginning was changed';
  const by = `version ${version} of the proxy, in schema ${schema}`;
  return `the log is by ${by}, and this version reads schema ${SCHEMA_VERSION} alone; use that one`;
}

/** Whether a first line is a head, but in a schema that this version does not read. */
export function isOfOtherSchema(line: Uint8Array = Buffer.alloc(0)): boolean {
  return ofOtherVersion(line).schema !== undefined;
}

function ofOtherVersion(line: Uint8Array) {
  try {
    const { kind, labels, segment } = JSON.parse(Buffer.from(line).toString());
    const { schema } = kind === 'segment' ? segment : {};
    if (!Number.isInteger(schema) || schema === SCHEMA_VERSION) return {};
    return { schema: Number(schema), version: String(labels?.version) };
  } catch {
    return {};
  }
}

function toTree(size: number, peaks: Json): Tree | undefined {
  if (!Array.isArray(peaks) || peaks.length !== peakCount(size)) return;
  if (!peaks.every((peak) => typeof peak === 'string' && /^[0-9a-f]{64}$/.test(peak))) return;
  return { size, peaks: peaks.map(String) };
}

/** The head of a segment's file; undefined if its first line is not one, or is incomplete. */
export function readHead(file: DiskFile): Head | undefined {
  const line = firstLine(file);
  return line && fromHead(line);
}
