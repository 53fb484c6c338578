import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { ItemResult } from '../client/item-result.ts';
import { parseJson } from '../exact-json.ts';
import { JobFault } from './fault.ts';
import { readLines } from './lines.ts';

/** A result that stands in the file already. */
export interface DoneResult {
  readonly reference: string;
  readonly refused: boolean;
}

/** The results of a job, one line for each item, in their order; made for its owner alone. */
export interface Results {
  /** Those of earlier runs. @throws JobFault where a line is none */
  done(): AsyncIterable<DoneResult>;
  append(results: readonly ItemResult[]): Promise<void>;
  /** Once it resolves, all results are on the disk. */
  close(): Promise<void>;
}

const OWNER_ONLY = 0o600;
const NEWLINE = 0x0a;
/** Of a line of `toLine`; and no line of it is longer than the other. */
const BEGINNING = '{"reference":"';
const MOST_TORN_BYTES = 64 << 10;

/**
 * Opens or makes the file. The part of a line that an interrupted run has left is cut off by the first
 * `append`: by then every line before it is known to be a result.
 * @throws JobFault where it is no file of results
 */
export async function openResults(path: string): Promise<Results> {
  const file = await open(path, 'a+', OWNER_ONLY);
  try {
    const whole = await wholeLines(file, path);
    let end = whole;
    return {
      done: () => readDone(path, whole),
      async append(results) {
        if (end === whole) await file.truncate(whole);
        const { size } = await file.stat();
        if (size !== end) throw new JobFault('failed', `something else writes to ${path}`);
        const lines = results.map((result) => `${toLine(result)}\n`).join('');
        await file.appendFile(lines);
        end += Buffer.byteLength(lines);
      },
      async close() {
        await file.datasync();
        await file.close();
      },
    };
  } catch (fault) {
    await file.close();
    throw fault;
  }
}

/** How many bytes are whole lines. A crash leaves no more behind them than what one write had. */
async function wholeLines(file: FileHandle, path: string): Promise<number> {
  const stats = await file.stat();
  if (!stats.isFile()) throw new JobFault('data', `${path} is no regular file`);
  const piece = Buffer.alloc(Math.min(stats.size, MOST_TORN_BYTES));
  const start = stats.size - piece.length;
  await file.read(piece, 0, piece.length, start);
  const torn = piece.subarray(piece.lastIndexOf(NEWLINE) + 1);
  const text = torn.toString('latin1');
  if (text.startsWith(BEGINNING) || BEGINNING.startsWith(text)) return stats.size - torn.length;
  throw new JobFault('data', `${path} ends in what is no result of a job`);
}

async function* readDone(path: string, bytes: number): AsyncGenerator<DoneResult> {
  if (bytes === 0) return;
  let number = 0;
  const input = createReadStream(path, { end: bytes - 1 });
  for await (const line of readLines(input)) {
    number += 1;
    const result = readLine(line);
    if (!result) throw new JobFault('data', `${path}:${number} is no result of a job`);
    yield result;
  }
}

function readLine(line: string): DoneResult | undefined {
  try {
    const { reference, key_id, refused } = parseJson(line) as Partial<Record<string, unknown>>;
    const isResult = typeof key_id === 'string' || typeof refused === 'object';
    if (typeof reference !== 'string' || !isResult) return undefined;
    return { reference, refused: refused !== undefined };
  } catch {
    return undefined;
  }
}

function toLine({ reference, response, refused }: ItemResult): string {
  if (response) {
    return JSON.stringify({
      reference,
      ciphertext_blob: response.ciphertextBlob.toString('base64'),
      source_key_id: response.sourceKeyId,
      key_id: response.keyId,
      decision_id: response.decisionId,
    });
  }
  const { code, reason, layer, decisionId: decision_id } = refused?.facts ?? {};
  const told = { code, reason, layer, message: refused?.message, decision_id };
  return JSON.stringify({ reference, refused: told });
}
