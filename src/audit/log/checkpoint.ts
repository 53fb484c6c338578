import { checkpointOf } from '../../files/segment-names.ts';
import type { Disk } from './disk.ts';
import { PutOff } from './fault.ts';
import type { Log } from './log.ts';
import { toCheckpoint, toNote } from './note.ts';
import { createPause } from './pause.ts';
import { readCheckpoint } from './read-checkpoint.ts';
import type { Signer } from './signer.ts';
import { rootOf } from './tree.ts';
import { parseVkey } from './vkey.ts';
import { replaceFile } from './write.ts';

interface CheckpointerOptions {
  readonly disk: Disk;
  readonly file: string;
  readonly origin: string;
  readonly log: Log;
  readonly signer: Signer;
  readonly now: () => number;
  /** A checkpoint is due after this many entries, or this many milliseconds if there is a new entry. */
  readonly everyEntries: number;
  readonly everyMs: number;
  /** Sends it off the host. */
  readonly publish: (note: string) => void;
}

export interface Checkpointer {
  /** False soon after a failure. */
  ready(): boolean;
  /** True if it is ready, and entries have waited long enough for a signature or a segment was closed without one. */
  due(): boolean;
  /**
   * Signs what the log holds now, writes the checkpoint beside the log, publishes it, and logs it unless
   * it is the `last`. The log takes entries meanwhile. Rejects with PutOff if it could not be signed or
   * stored, and with another LogFault if the entries themselves cannot be made durable.
   */
  make(how: 'logged' | 'last'): Promise<void>;
  /** How many entries the newest checkpoint covers. */
  covered(): number;
}

export function createCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { disk, file, log, signer, now, origin, publish } = options;
  const key = parseVkey(signer.vkey);
  // Told to go on after a broken chain, the log may hold less than was signed: sign new entries all the same.
  let covered = Math.min(readCheckpoint(disk, file)?.size ?? 0, log.opening.chain.seq);
  let madeAt = now();
  const pause = createPause(now, RETRY_MS);

  return {
    covered: () => covered,
    ready: () => pause.isOver(),
    due() {
      const waiting = log.chain().seq - covered;
      if (!pause.isOver() || waiting <= 1) return false;
      const rotated = covered < log.firstSeq();
      const old = Math.abs(now() - madeAt) >= options.everyMs;
      return rotated || old || waiting >= options.everyEntries;
    },
    async make(how) {
      const { tree } = log.chain();
      const text = toCheckpoint(origin, { size: tree.size, root: rootOf(tree) });
      await log.flush();
      keep(tree.size, await store(text), how);
    },
  };

  async function store(text: string): Promise<string> {
    try {
      const note = toNote(text, key, await signer.sign(Buffer.from(text)));
      await replaceFile(disk, checkpointOf(file), note);
      return note;
    } catch (thrown) {
      pause.begin();
      throw new PutOff('UNSIGNED', thrown);
    }
  }

  function keep(size: number, note: string, how: 'logged' | 'last'): void {
    covered = size;
    madeAt = now();
    publish(note);
    if (how === 'logged')
      log.note('checkpoint', { checkpoint: { note, open: [...log.open()], size } });
  }
}

/** Between tries that fail: often enough, but no burden on a KMS in trouble. */
const RETRY_MS = 5_000;
