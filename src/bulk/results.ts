import { createReadStream } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { splitLines } from '../files/lines.ts';
import { type Lock, lockFile } from '../files/lock.ts';
import { notRegular } from '../files/regular.ts';
import { messageOf } from '../thrown.ts';
import type { Answered } from './ask.ts';
import { JobFault } from './fault.ts';
import { type DoneResult, isTorn, readLine, toLine } from './result-line.ts';

/** The results of a job, one line for each item, in their order; only the owner may read the file. */
export interface Results {
  /** Those of earlier runs. @throws JobFault where a line is not one */
  done(): AsyncIterable<DoneResult>;
  append(answered: readonly Answered[]): Promise<void>;
  /** Once it resolves, all results are on the disk. */
  close(): Promise<void>;
}

const OWNER_ONLY = 0o600;
const NEWLINE = 0x0a;
/** No line of `toLine` is longer, whatever its reference. */
const MOST_TORN_BYTES = 8 << 20;

/**
 * Opens or makes the file, for one job at a time. The part of a line that an interrupted run has left is cut
 * off by the first `append`: by then every line before it is known to be a result.
 * @throws JobFault where it is not a file of results, or another job has it
 */
export async function openResults(path: string): Promise<Results> {
  const file = await open(path, 'a+', OWNER_ONLY);
  let lock: Lock | undefined;
  try {
    if (!(await file.stat()).isFile()) throw new JobFault('data', notRegular(path));
    lock = lockFile(`${await realpath(path)}.lock`);
    if (!lock) throw new JobFault('later', `another job writes ${path}`);
    return await createResults(file, path, lock);
  } catch (fault) {
    await file.close();
    lock?.release();
    throw fault;
  }
}

async function createResults(file: FileHandle, path: string, lock: Lock): Promise<Results> {
  const { size, whole, ino } = await measure(file, path);
  let [torn, end] = [whole < size, size];
  return {
    done: () => readDone(path, whole),
    async append(answered) {
      const lines = answered.map((one) => `${toLine(one)}\n`).join('');
      await expectNoOther();
      await named(path, async () => {
        if (torn) await file.truncate(whole);
        [torn, end] = [false, torn ? whole : end];
        await file.appendFile(lines);
      });
      end += Buffer.byteLength(lines);
      await expectNoOther();
    },
    async close() {
      try {
        await named(path, () => file.datasync());
      } finally {
        await file.close();
        lock.release();
      }
    },
  };

  /** Anything that heeds no lock, such as an editor or a person who tidies up. */
  async function expectNoOther(): Promise<void> {
    const there = await stat(path).catch(() => undefined);
    if (there?.ino !== ino) throw new JobFault('failed', `${path} was moved, replaced or removed`);
    if (there.size !== end) throw new JobFault('failed', `something else writes to ${path}`);
  }
}

/** Names the file, which Node's own message does not if it has only a descriptor. */
async function named(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const why = messageOf(cause);
    throw new JobFault('failed', `${path} cannot be written: ${why}`);
  }
}

interface Measured {
  readonly size: number;
  /** Bytes of whole lines. A crash leaves at most part of one write after them. */
  readonly whole: number;
  /** Another file gets another, as long as this one is open. */
  readonly ino: number;
}

async function measure(file: FileHandle, path: string): Promise<Measured> {
  const { size, ino } = await file.stat();
  const piece = Buffer.alloc(Math.min(size, MOST_TORN_BYTES));
  await file.read(piece, 0, piece.length, size - piece.length);
  const torn = piece.subarray(piece.lastIndexOf(NEWLINE) + 1);
  if (isTorn(torn.toString())) return { size, whole: size - torn.length, ino };
  throw new JobFault('data', `${path} ends in a line that is not a result of a job`);
}

async function* readDone(path: string, bytes: number): AsyncGenerator<DoneResult> {
  if (bytes === 0) return;
  let number = 0;
  const input = createReadStream(path, { end: bytes - 1 });
  for await (const line of splitLines(input)) {
    number += 1;
    const result = readLine(line);
    if (!result) throw new JobFault('data', `${path}:${number} is not a result of a job`);
    yield result;
  }
}
