import { createReadStream, existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { collectLog, collectLogs, refuseDamaged } from '../../audit/verify/collect.ts';
import { readEntries } from '../../audit/verify/entries.ts';
import { splitLines } from '../../files/lines.ts';
import { checkpointOf } from '../../files/segment-names.ts';
import { messageOf } from '../../thrown.ts';
import { disk } from '../audit/disk.ts';
import { CommandFailure } from '../command.ts';

export interface TextLine {
  readonly text: string;
  /** File and number, for a person. */
  readonly where: string;
}

/**
 * Lines of a file, gzipped or not, of standard input for `-`, of the logs in a folder, or of a whole log
 * if its live file is named. @throws CommandFailure
 */
export async function* linesOf(path: string, stdin: Readable): AsyncGenerator<TextLine> {
  try {
    const whole = isFolder(path) || isLive(path);
    for await (const line of whole ? ofLogs(path) : ofStream(path, stdin)) {
      if (line.text !== '') yield line;
    }
  } catch (cause) {
    const why = messageOf(cause);
    throw new CommandFailure(`${path} cannot be read: ${why}`);
  }
}

const isFolder = (path: string): boolean =>
  path !== '-' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** A file with a checkpoint beside it is a log's live file, which the proxy closes and renames as it grows. */
const isLive = (path: string): boolean => path !== '-' && existsSync(checkpointOf(path));

/**
 * Without segments of a log of which the live file is named too, as `audit*.jsonl` does: no entry may count twice.
 */
export function namedOnce(paths: readonly string[]): readonly string[] {
  const within = new Set(paths.filter(isLive).flatMap(closedSegments));
  return paths.filter((path) => !within.has(resolve(path)));
}

function closedSegments(live: string): string[] {
  const { segments } = collectLog(disk, live);
  return segments.map(({ name }) => resolve(name)).filter((name) => name !== resolve(live));
}

function* ofLogs(path: string): Generator<TextLine> {
  for (const log of collectLogs(disk, path)) {
    refuseDamaged(log);
    for (const { bytes, where } of readEntries(disk, log)) yield { text: bytes.toString(), where };
  }
}

async function* ofStream(path: string, stdin: Readable): AsyncGenerator<TextLine> {
  const file = path === '-' ? 'standard input' : path;
  let number = 0;
  for await (const line of splitLines(open(path, stdin))) {
    number += 1;
    yield { text: line.replace(/\r$/, ''), where: `${file}, line ${number}` };
  }
}

function open(path: string, stdin: Readable): Readable {
  if (path === '-') return stdin;
  const file = createReadStream(path);
  if (!path.endsWith('.gz')) return file;
  const unpacked = createGunzip();
  return file.on('error', (error) => unpacked.destroy(error)).pipe(unpacked);
}
