import { hash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { notRegular } from '../../../files/regular.ts';
import { stampOf } from '../../../files/stamp.ts';
import { parseJson } from '../../../json/exact.ts';
import { messageOf } from '../../../thrown.ts';
import { type StateDocument, stateDocument } from './document.ts';

const FORMAT = 'kms-reencrypt-proxy embedded KMS state, version 1';

/** Where an embedded KMS keeps its keys. Whoever can read the file has them all. */
interface StateFile {
  /** What is kept, or undefined where there is no file yet. */
  load(): StateDocument | undefined;
  /** Replaces the whole file, durably: after a crash it holds either the old state or the new. */
  save(state: StateDocument): void;
}

/** A file that cannot be used is left as it is. @throws Error that names it and says why, from either call */
export function createStateFile(file: string): StateFile {
  let seen: string | undefined;

  return {
    load: () => {
      const stats = statSync(file, { throwIfNoEntry: false, bigint: true });
      if (!stats) return undefined;
      refuseOpenFile(file, stats);
      seen = stampOf(stats);
      return parse(file, readFileSync(file, 'utf8'));
    },
    save: (state) => {
      const stats = statSync(file, { throwIfNoEntry: false, bigint: true });
      if ((stats && stampOf(stats)) !== seen) {
        throw new Error(`State file ${file} was changed by another process.`);
      }
      replace(file, render(state));
      seen = stampOf(statSync(file, { bigint: true }));
    },
  };
}

/** Two lines: what this is and the SHA-256 of the second line, and the state. */
function render(state: StateDocument): string {
  const body = JSON.stringify(state);
  return `${JSON.stringify({ format: FORMAT, sha256: hash('sha256', body, 'hex') })}\n${body}\n`;
}

function parse(file: string, text: string): StateDocument {
  const [head = '', body = ''] = text.split('\n', 2);
  try {
    const { format, sha256 } = JSON.parse(head) as Record<string, unknown>;
    if (format !== FORMAT) throw new Error('it is not a state file of this version');
    if (sha256 !== hash('sha256', body, 'hex')) throw new Error('its checksum is wrong');
    return stateDocument.parse(parseJson(body));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'it is not JSON' : messageOf(cause).slice(0, 300);
    throw new Error(`State file ${file} is damaged and was left as it is: ${why}`, {
      cause,
    });
  }
}

const { O_CREAT, O_DSYNC, O_EXCL, O_WRONLY } = constants;
/** O_DSYNC, because Node denies fsync under its permission model. */
const NEW_AND_SYNCED = O_WRONLY | O_CREAT | O_EXCL | O_DSYNC;

function replace(file: string, text: string): void {
  const next = `${file}.${process.pid}.new`;
  rmSync(next, { force: true });
  const handle = openSync(next, NEW_AND_SYNCED, 0o600);
  try {
    writeFileSync(handle, text);
  } finally {
    closeSync(handle);
  }
  renameSync(next, file);
  syncFolder(dirname(file));
}

/** A rename is durable only once its folder is synced, which Node’s permission model denies. */
function syncFolder(folder: string): void {
  if (process.permission !== undefined) return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function refuseOpenFile(file: string, stats: BigIntStats): void {
  if (!stats.isFile()) throw new Error(`State file ${notRegular(file)}.`);
  if ((stats.mode & 0o077n) === 0n) return;
  throw new Error(
    `State file ${file} can be read by others (mode ${(stats.mode & 0o777n).toString(8)}); make it 0600.`,
  );
}
