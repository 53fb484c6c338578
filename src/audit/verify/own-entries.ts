import { type Checkpoint, parseNote } from '../log/note.ts';

type OwnKind = 'checkpoint' | 'retention' | 'broken' | 'segment';

const CHECKPOINT = Buffer.from('{"checkpoint":');
const RETENTION = Buffer.from('{"kind":"retention",');
const BROKEN = Buffer.from('{"broken":');
const SEGMENT = Buffer.from('{"kind":"segment",');

/** Which of the entries that a log writes about itself a line seems to be, by how it begins: most are of calls. */
export function ownKind(line: Buffer): OwnKind | undefined {
  if (startsWith(line, CHECKPOINT)) return 'checkpoint';
  if (startsWith(line, RETENTION)) return 'retention';
  if (startsWith(line, BROKEN)) return 'broken';
  if (startsWith(line, SEGMENT)) return 'segment';
  return undefined;
}

function startsWith(bytes: Buffer, start: Buffer): boolean {
  return bytes.compare(start, 0, start.length, 0, Math.min(start.length, bytes.length)) === 0;
}

/** The checkpoint that an entry holds; undefined if it is malformed. */
export function checkpointIn(line: Buffer): Checkpoint | undefined {
  try {
    const { note, size } = JSON.parse(line.toString()).checkpoint;
    const checkpoint = parseNote(note);
    return checkpoint.size === size ? checkpoint : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether a retention entry says that the log has deleted this file. A line that is not what it seems says
 * nothing: where it was changed, the next one shows that.
 */
export function isDeleted(line: Buffer, name: string | undefined): boolean {
  try {
    const { deleted } = JSON.parse(line.toString()).retention;
    return name !== undefined && deleted.some(({ file }: { file: unknown }) => file === name);
  } catch {
    return false;
  }
}
