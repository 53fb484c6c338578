import { basename } from 'node:path';
import { checkpointOf } from '../../files/segment-names.ts';
import { messageOf } from '../../thrown.ts';
import type { Disk } from './disk.ts';
import { type Checkpoint, parseNote } from './note.ts';
import { openIfThere } from './open-regular.ts';

/** The checkpoint beside a log; undefined where there is none. @throws Error where it is damaged */
export function readCheckpoint(disk: Disk, file: string): Checkpoint | undefined {
  const { checkpoint, damage } = lookForCheckpoint(disk, file);
  if (damage !== '') throw new Error(`${basename(checkpointOf(file))}: ${damage}`);
  return checkpoint;
}

interface FoundCheckpoint {
  /** Undefined if there is none or it is damaged. */
  readonly checkpoint: Checkpoint | undefined;
  /** Why the file is not a checkpoint; '' if it is one, or there is no file. */
  readonly damage: string;
}

export function lookForCheckpoint(disk: Disk, file: string): FoundCheckpoint {
  const note = readNote(disk, file);
  if (note === undefined) return { checkpoint: undefined, damage: '' };
  try {
    return { checkpoint: parseNote(note), damage: '' };
  } catch (thrown) {
    return { checkpoint: undefined, damage: messageOf(thrown) };
  }
}

/** A larger file is not one: a few lines are, and one for each who signed it. */
const MOST_BYTES = 64 << 10;

/** The text of the checkpoint beside a log, which may be none; undefined if there is no file. */
export function readNote(disk: Disk, file: string): string | undefined {
  const open = openIfThere(disk, checkpointOf(file));
  if (!open) return;
  try {
    const bytes = Buffer.alloc(Math.min(open.facts().bytes, MOST_BYTES));
    open.read(bytes, 0);
    return bytes.toString();
  } finally {
    open.close();
  }
}
