import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  collectLog,
  collectLogs,
  joinSegments,
  type LogFiles,
} from '../../audit/verify/collect.ts';
import { unpackedName } from '../../audit/verify/packed.ts';
import { checkpointOf, liveName } from '../../files/segment-names.ts';
import { CommandFailure, type Terminal } from '../command.ts';
import { disk } from './disk.ts';
import { UNREADABLE } from './exit-codes.ts';

/** The logs that the arguments name; without arguments, the one of `KRP_AUDIT__FILE`. */
export function logsOf(paths: readonly string[], { env }: Terminal): readonly LogFiles[] {
  const fallback = env['KRP_AUDIT__FILE'];
  const named = paths.length > 0 ? paths : fallback ? [fallback] : [];
  if (named.length === 0) {
    throw new CommandFailure('name a log file or folder, or set KRP_AUDIT__FILE', UNREADABLE);
  }
  return distinct(named.flatMap((path) => collectLogs(disk, readableName(path))));
}

/** `*.jsonl` names closed segments beside the log that has them: no entry may count twice. */
function distinct(logs: readonly LogFiles[]): readonly LogFiles[] {
  const seen = new Set<string>();
  const repeated = new Set<LogFiles>();
  for (const log of logs.toSorted((one, other) => other.segments.length - one.segments.length)) {
    const paths = log.segments.map(({ path }) => resolve(path));
    if (paths.length > 0 && paths.every((path) => seen.has(path))) repeated.add(log);
    for (const path of paths) seen.add(path);
  }
  return logs.filter((log) => !repeated.has(log));
}

/** Closed segments of one log that are named together are one: none may be missing between them. */
export function joined(
  logs: readonly LogFiles[],
  unite: (live: string, parts: readonly LogFiles[]) => LogFiles = joinSegments,
): readonly LogFiles[] {
  const groups = Map.groupBy(logs, (log) => (log.partial ? `closed ${resolve(liveOf(log))}` : log));
  return [...groups.values()].flatMap((parts) => {
    const [first] = parts;
    return first && parts.length > 1 ? unite(liveOf(first), parts) : parts;
  });
}

/**
 * The same, but beside their checkpoint they are the whole log: once someone has removed the live file, `*.jsonl`
 * names only the others.
 */
export function completed(logs: readonly LogFiles[]): readonly LogFiles[] {
  return joined(logs, (live, parts) =>
    disk.facts(checkpointOf(live)) ? collectLog(disk, live) : joinSegments(live, parts),
  );
}

function liveOf({ path }: LogFiles): string {
  return join(dirname(path), liveName(basename(path)));
}

/** A packed segment is read by its unpacked name; if a file has that name, the packed one would be ignored. */
function readableName(path: string): string {
  const name = unpackedName(path);
  if (name === path || !existsSync(name)) return name;
  throw new CommandFailure(`${path} and ${name} are both there; remove one of them`, UNREADABLE);
}

export function logOf(path: string | undefined, terminal: Terminal): LogFiles {
  const logs = logsOf(path === undefined ? [] : [path], terminal);
  const [log] = logs;
  if (!log || logs.length > 1) {
    throw new CommandFailure(`${path} holds ${logs.length} logs; name one`, UNREADABLE);
  }
  return log;
}
