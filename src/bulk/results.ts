import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { ItemResult } from '../client/item-result.ts';
import { parseJson } from '../exact-json.ts';
import { JobFault } from './fault.ts';

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

/** Opens or makes the file, and cuts off the part of a line that an interrupted run has left. */
export async function openResults(path: string): Promise<Results> {
  const file = await open(path, 'a+', OWNER_ONLY);
  await cutTornLine(file);
  return {
    done: () => readDone(path),
    async append(results) {
      await file.appendFile(results.map((result) => `${toLine(result)}\n`).join(''));
    },
    async close() {
      await file.datasync();
      await file.close();
    },
  };
}

/** A crash leaves no more than what one write had. */
async function cutTornLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const piece = Buffer.alloc(64 << 10);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - piece.length);
    const { bytesRead } = await file.read(piece, 0, end - start, start);
    const last = piece.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (last >= 0 || start === 0) {
      const whole = last >= 0 ? start + last + 1 : 0;
      if (whole < size) await file.truncate(whole);
      return;
    }
    end = start;
  }
}

async function* readDone(path: string): AsyncGenerator<DoneResult> {
  let number = 0;
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Infinity,
  })) {
    number += 1;
    const result = readLine(line);
    if (!result) throw new JobFault('data', `${path}:${number} is no result of a job`);
    yield result;
  }
}

function readLine(line: string): DoneResult | undefined {
  try {
    const { reference, refused } = parseJson(line) as Partial<Record<string, unknown>>;
    return typeof reference === 'string'
      ? { reference, refused: refused !== undefined }
      : undefined;
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
