import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { collectLogs, refuseDamaged } from '../../audit/verify/collect.ts';
import { readEntries } from '../../audit/verify/entries.ts';
import { readLines } from '../../files/lines.ts';
import { disk } from '../audit/log-path.ts';
import { CommandFailure } from '../program.ts';

export interface TextLine {
  readonly text: string;
  /** File and number, for a person. */
  readonly where: string;
}

/** Lines of a file, packed by gzip or not, of the logs in a folder, or of standard input for `-`. @throws CommandFailure */
export async function* linesOf(path: string, stdin: Readable): AsyncGenerator<TextLine> {
  try {
    for await (const line of isFolder(path) ? ofFolder(path) : ofStream(path, stdin)) {
      if (line.text !== '') yield line;
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandFailure(`${path} cannot be read: ${why}`);
  }
}

const isFolder = (path: string): boolean =>
  path !== '-' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function* ofFolder(path: string): Generator<TextLine> {
  for (const log of collectLogs(disk, path)) {
    refuseDamaged(log);
    for (const { bytes, where } of readEntries(disk, log)) yield { text: bytes.toString(), where };
  }
}

async function* ofStream(path: string, stdin: Readable): AsyncGenerator<TextLine> {
  const file = path === '-' ? 'standard input' : path;
  let number = 0;
  for await (const line of readLines(open(path, stdin), Number.POSITIVE_INFINITY)) {
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
