import type { AuditCause } from '../../audit-causes.ts';
import type { AuditKind } from '../../audit-kinds.ts';
import type { Json } from '../../json/canonical.ts';
import { type Body, toEventBody } from '../entries/body.ts';
import type { Chain, Stage } from './chain.ts';
import type { Disk } from './disk.ts';
import { LogFault } from './fault.ts';
import type { Predecessor } from './head.ts';
import type { Checkpoint } from './note.ts';
import type { Pause } from './pause.ts';
import type { Reserve } from './reserve.ts';
import type { Live } from './segment.ts';

export interface LogOptions {
  readonly disk: Disk;
  /** Path of the live segment; its folder is made where it is missing. */
  readonly file: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly durability: 'fsync' | 'write';
  readonly origin: string;
  /** Of the key that signs checkpoints, as signed notes have it. */
  readonly vkey: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What the checkpoint beside the log says, if there is one. */
  readonly claim: Checkpoint | undefined;
  /** True if this process wrote the log before: its calls may still be running. */
  readonly resuming: boolean;
  /** A segment of this size or age is closed. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** What start-up does with a chain that does not hold: refuse, or go on in a new segment that says so. */
  readonly onBrokenChain: 'refuse' | 'continue';
}

/** The part that can be cloned to the log's thread, and what that thread needs beside it. */
export interface HostSettings extends Omit<LogOptions, 'disk' | 'now' | 'vkey' | 'claim'> {
  readonly checkpointEntries: number;
  readonly checkpointMs: number;
  /** How long an entry may take to be durable before the log counts as suspended. */
  readonly commitTimeoutMs: number;
  /** Closed segments are deleted past this number or age, once signed for; 0 keeps them. */
  readonly keepSegments: number;
  readonly keepMs: number;
}

/** What changes while a log runs. */
export interface LogState {
  readonly options: LogOptions;
  readonly stage: Stage;
  readonly reserve: Reserve;
  readonly open: Set<string>;
  /** After the live segment could not be closed. */
  readonly unrotated: Pause;
  chain: Chain;
  /** Where the last line ends in the live file. */
  bytes: number;
  /** Where the last line that is certainly on the disk ends. */
  durable: number;
  live: Live | undefined;
  predecessor: Predecessor | undefined;
  watchedAt: number;
  /** When the live file was first seen under another name. */
  movedAt: number | undefined;
  /** Why the live file may not be written again, '' while it may. */
  suspect: AuditCause | '';
  /** True after a failed sync: the kernel may have dropped pages, which later syncs would not report. */
  doubtful: boolean;
}

export function writable({ live, suspect, options }: LogState): Live {
  if (live && suspect === '') return live;
  throw new LogFault(suspect || 'CLOSED', `${options.file} cannot be written`);
}

export function event(state: LogState, kind: AuditKind, fields: Record<string, Json>): Body {
  return toEventBody(kind, timestamp(state), fields);
}

export function timestamp({ options }: LogState): string {
  return new Date(options.now()).toISOString();
}
