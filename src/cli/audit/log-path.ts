import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createNodeDisk } from '../../audit/log/disk.ts';
import { type Checkpoint, parseNote, parseVkey, type VerifierKey } from '../../audit/log/note.ts';
import { collectLogs, type LogFiles } from '../../audit/verify/collect.ts';
import { type ReadingDisk, unpackedName, unpacking } from '../../audit/verify/packed.ts';
import type { Terminal } from '../command.ts';
import { CommandFailure } from '../program.ts';

export const TAMPERED = 1;
export const TORN = 2;
export const UNREADABLE = 3;

export const disk: ReadingDisk = unpacking(createNodeDisk());

/** The logs that the arguments name; without arguments, the one of `KRP_AUDIT__FILE`. */
export function logsOf(paths: readonly string[], { env }: Terminal): readonly LogFiles[] {
  const fallback = env['KRP_AUDIT__FILE'];
  const named = paths.length > 0 ? paths : fallback ? [fallback] : [];
  if (named.length === 0) {
    throw new CommandFailure('name a log file or folder, or set KRP_AUDIT__FILE', UNREADABLE);
  }
  return distinct(named.flatMap((path) => collectLogs(disk, readableName(path))));
}

/** `*.jsonl` names closed segments beside the log that has them: no entry shall count twice. */
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

/** A packed segment goes by its old name; where something else has that, what was named would not be read. */
function readableName(path: string): string {
  const name = unpackedName(path);
  if (name === path || !existsSync(name)) return name;
  throw new CommandFailure(`${path} lies beside ${name}; take one of both away`, UNREADABLE);
}

export function logOf(path: string | undefined, terminal: Terminal): LogFiles {
  const logs = logsOf(path === undefined ? [] : [path], terminal);
  const [log] = logs;
  if (!log || logs.length > 1) {
    throw new CommandFailure(`${path} holds ${logs.length} logs; name one`, UNREADABLE);
  }
  return log;
}

export function checkpointOf(path: string): Checkpoint {
  try {
    return parseNote(contentOf(path).toString());
  } catch (thrown) {
    if (thrown instanceof CommandFailure) throw thrown;
    throw new CommandFailure(`${path}: ${(thrown as Error).message}`, UNREADABLE);
  }
}

/** Of a file that an argument names; it may be a pipe. */
export function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such file' : message;
    throw new CommandFailure(`${path}: ${why}`, UNREADABLE);
  }
}

/** Collects a repeatable option. */
export function gather(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/** A verifier key, or a file that holds one. */
export function keyOf(value: string): VerifierKey {
  if (value.includes('+')) return parseVkey(value);
  try {
    return parseVkey(readFileSync(value, 'utf8').trim());
  } catch (thrown) {
    const why = `no verifier key (name+hash+key) and no file with one: ${(thrown as Error).message}`;
    throw new CommandFailure(`--vkey: '${value}' is ${why}`, UNREADABLE);
  }
}
