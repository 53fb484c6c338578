import { createReadStream, fstatSync, statSync } from 'node:fs';
import process from 'node:process';
import { JobFault } from '../../bulk/fault.ts';
import { type ItemDefaults, type JobItem, readItem } from '../../bulk/item.ts';
import { splitLines } from '../../files/lines.ts';
import { messageOf } from '../../thrown.ts';
import { CommandFailure, type Terminal } from '../command.ts';

/** The items of a file, or of standard input for `-`. @throws JobFault naming the line that is wrong */
export async function* readItems(
  path: string,
  defaults: ItemDefaults,
  { stdin }: Terminal,
): AsyncGenerator<JobItem> {
  const input = path === '-' ? stdin : createReadStream(path);
  let number = 0;
  for await (const line of splitLines(input)) {
    number += 1;
    yield readLine(line, `${path}:${number}`, defaults);
  }
}

function readLine(line: string, where: string, defaults: ItemDefaults): JobItem {
  try {
    return readItem(line, defaults);
  } catch (cause) {
    const why = messageOf(cause);
    throw new JobFault('data', `${where}: ${why}`);
  }
}

/** How many bytes the items have; 0 where nobody knows. @throws Error if there is no file, and CommandFailure for a folder */
export function bytesOf(path: string, terminal: Terminal): number {
  return path === '-' ? unknownSize(terminal) : sizeOf(path);
}

/** Node reads a folder on standard input as empty. @throws CommandFailure */
function unknownSize({ stdin }: Terminal): 0 {
  const isFolder = stdin === process.stdin && fstatSync(0).isDirectory();
  if (isFolder) throw new CommandFailure('standard input is a folder');
  return 0;
}

/** @throws Error if there is no file, and CommandFailure for a folder, which Node's message would not name */
function sizeOf(path: string): number {
  const stats = statSync(path);
  if (stats.isDirectory()) throw new CommandFailure(`${path} is a folder`);
  return stats.size;
}
