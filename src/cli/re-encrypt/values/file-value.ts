import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { messageOf } from '../../../thrown.ts';
import { quoted } from './value.ts';

/** A file that a value names and that cannot be used; the message is for the user. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The contents of what `file://` (text) or `fileb://` (bytes) names; undefined if the value names
 * no file. @throws FileProblem
 */
export function readFileValue(value: string, env: Environment): string | Uint8Array | undefined {
  if (value.startsWith('fileb://')) return read(value, expandPath(value.slice(8), env));
  if (!value.startsWith('file://')) return undefined;
  const path = expandPath(value.slice(7), env);
  return decode(read(value, path), { path, encoding: env['AWS_CLI_FILE_ENCODING'] ?? 'utf-8' });
}

function read(value: string, path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw new FileProblem(`Unable to load paramfile ${value}: ${pythonOsError(thrown, path)}`);
  }
}

/** Line ends become `\n`, as Python reads text. */
function decode(bytes: Uint8Array, { path, encoding }: { path: string; encoding: string }): string {
  try {
    const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes).replaceAll(/\r\n?/g, '\n');
  } catch {
    throw new FileProblem(
      `Unable to load paramfile (${path}), text contents could not be decoded.  If this is a ` +
        'binary file, please use the fileb:// prefix instead of the file:// prefix.',
    );
  }
}

/** `~` first, then `$NAME` and `${NAME}`; unknown names stay as they are. */
function expandPath(path: string, env: Environment): string {
  const home = env['HOME'] ?? homedir();
  const fromHome = path === '~' || path.startsWith('~/') ? home + path.slice(1) : path;
  return fromHome.replaceAll(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (written, bare?: string, braced?: string) => env[bare ?? braced ?? ''] ?? written,
  );
}

const OS_ERRORS: Readonly<Record<string, readonly [number, string]>> = {
  ENOENT: [2, 'No such file or directory'],
  EIO: [5, 'Input/output error'],
  EACCES: [13, 'Permission denied'],
  ENXIO: [6, 'No such device or address'],
  ENOTDIR: [20, 'Not a directory'],
  EISDIR: [21, 'Is a directory'],
  EMFILE: [24, 'Too many open files'],
  ENAMETOOLONG: [36, 'File name too long'],
  ELOOP: [40, 'Too many levels of symbolic links'],
};

function pythonOsError(thrown: unknown, path: string): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const known = OS_ERRORS[code];
  if (known !== undefined) return `[Errno ${known[0]}] ${known[1]}: ${quoted(path)}`;
  return messageOf(thrown);
}
