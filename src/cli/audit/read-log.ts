import type { LogFiles } from '../../audit/verify/collect.ts';
import { readEntries } from '../../audit/verify/entries.ts';
import type { Terminal } from '../command.ts';
import { CommandFailure } from '../program.ts';
import { type AuditEntry, toEntry } from './entry-view.ts';
import { disk, logsOf, UNREADABLE } from './log-path.ts';

export interface ReadEntry {
  /** As it is in the log; valid until the next one is asked for. */
  readonly bytes: Buffer;
  readonly seq: number;
  readonly entry: AuditEntry;
}

/** The entries of all logs that the arguments name. @throws CommandFailure at a line that is none */
export function* entriesOf(paths: readonly string[], terminal: Terminal): Generator<ReadEntry> {
  for (const log of logsOf(paths, terminal)) yield* entriesIn(log);
}

/** The entries of one log. @throws CommandFailure at a line that is none */
export function* entriesIn(log: LogFiles): Generator<ReadEntry> {
  for (const { bytes, seq } of readEntries(disk, log)) {
    yield { bytes, seq, entry: entryOf(log, bytes, seq) };
  }
}

/** What the line holds is not shown: it may be anything, and go to a terminal. */
export function entryOf({ path }: LogFiles, bytes: Buffer, seq: number): AuditEntry {
  const entry = toEntry(bytes);
  if (entry) return entry;
  const sentence = `${path}: what stands where entry ${seq} should is no audit entry; audit verify says more`;
  throw new CommandFailure(sentence, UNREADABLE);
}
