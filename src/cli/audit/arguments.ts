import { readFileSync } from 'node:fs';
import { type Checkpoint, parseNote } from '../../audit/log/note.ts';
import { isVkey, parseVkey, type VerifierKey } from '../../audit/log/vkey.ts';
import { codeOf, messageOf } from '../../thrown.ts';
import { CommandFailure } from '../command.ts';
import { UNREADABLE } from './exit-codes.ts';

/** The checkpoint in a file that an argument names. */
export function checkpointIn(path: string): Checkpoint {
  try {
    return parseNote(contentOf(path).toString());
  } catch (thrown) {
    if (thrown instanceof CommandFailure) throw thrown;
    throw new CommandFailure(`${path}: ${messageOf(thrown)}`, UNREADABLE);
  }
}

/** The content of a file that an argument names; it may be a pipe. */
export function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    const why = codeOf(thrown) === 'ENOENT' ? 'no such file' : messageOf(thrown);
    throw new CommandFailure(`${path}: ${why}`, UNREADABLE);
  }
}

/** A verifier key, or a file that holds one. */
export function keyOf(value: string): VerifierKey {
  if (value.includes('+')) return parseVkey(value);
  try {
    return parseVkey(vkeyIn(readFileSync(value, 'utf8').trim()));
  } catch (thrown) {
    const why = `not a verifier key (name+hash+key), nor a file with one: ${messageOf(thrown)}`;
    throw new CommandFailure(`--vkey: '${value}' is ${why}`, UNREADABLE);
  }
}

/** An error never shows the file's content: it may be the private key, which lies beside the log. */
function vkeyIn(text: string): string {
  if (isVkey(text)) return text;
  throw new Error('it holds something else');
}
