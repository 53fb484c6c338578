import type { LogFiles } from '../../audit/verify/collect.ts';
import { readEntries } from '../../audit/verify/entries.ts';
import { CommandFailure, type Terminal } from '../command.ts';
import { disk } from './disk.ts';
import { type AuditEntry, toEntry } from './entry-view.ts';
import { UNREADABLE } from './exit-codes.ts';
import { type Gaps, type Missing, warnOfGaps } from './missing.ts';
import { joined, logsOf } from './named-logs.ts';

interface ReadEntry {
  /** As it is in the log; valid until the next one is asked for. */
  readonly bytes: Buffer;
  readonly seq: number;
  /** Of the log that it is in. */
  readonly origin: string;
  readonly entry: AuditEntry;
}

/**
 * The entries of all logs that the arguments name; of those that are missing standard error tells.
 * @throws CommandFailure at a line that is not one
 */
export function* entriesOf(
  paths: readonly string[],
  terminal: Terminal,
  onMissing?: (missing: Missing) => void,
): Generator<ReadEntry> {
  for (const log of joined(logsOf(paths, terminal))) {
    yield* entriesIn(log, warnOfGaps(log, terminal, onMissing));
  }
}

/** The entries of one log. @throws CommandFailure at a line that is not one */
export function* entriesIn(log: LogFiles, gaps: Gaps): Generator<ReadEntry> {
  for (const { bytes, seq, origin, where } of readEntries(disk, log)) {
    const entry = entryOf(where, bytes, seq);
    gaps.pass(entry, seq);
    yield { bytes, seq, origin, entry };
  }
  gaps.end();
}

/** An error does not show the line: it may hold anything, and the terminal would interpret it. */
export function entryOf(where: string, bytes: Buffer, seq: number): AuditEntry {
  const entry = toEntry(bytes);
  if (entry) return entry;
  const sentence = `${where}: entry ${seq} should be here, but this is not an audit entry; audit verify says more`;
  throw new CommandFailure(sentence, UNREADABLE);
}
