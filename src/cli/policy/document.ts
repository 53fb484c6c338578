import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { messageOf } from '../../thrown.ts';
import { parseYaml } from '../../yaml.ts';
import { CommandFailure } from '../command.ts';

/** Text of a file, or of standard input for `-`. @throws CommandFailure */
export async function readText(path: string, stdin: NodeJS.ReadableStream): Promise<string> {
  if (path !== '-') {
    return readFile(path, 'utf8').catch((cause: unknown) => {
      throw new CommandFailure(`${path} cannot be read: ${messageOf(cause)}`);
    });
  }
  return (await buffer(stdin)).toString('utf8');
}

/** @throws CommandFailure */
export function parseDocument(name: string, text: string): unknown {
  const what = name === '-' ? 'standard input' : name;
  if (text.trim() === '') throw new CommandFailure(`${what} is empty`);
  try {
    return parseYaml(text);
  } catch (cause) {
    throw new CommandFailure(`${what} is neither JSON nor YAML: ${messageOf(cause)}`);
  }
}
