import { parseJson } from '../json/exact.ts';
import { isJsonObject } from '../json/object.ts';
import type { Answered } from './ask.ts';

/** Why an item was refused, as its result says. */
export interface WhyRefused {
  readonly code?: string;
  readonly reason?: string;
}

/** A result that is in the file already. */
export interface DoneResult {
  readonly reference: string;
  /** Of the item that was asked for. */
  readonly digest: string;
  readonly refused: WhyRefused | undefined;
}

/** How each line begins. */
const BEGINNING = '{"reference":"';

export function toLine([
  { digest: item_sha256 },
  { reference, response, refused },
]: Answered): string {
  if (response) {
    return JSON.stringify({
      reference,
      item_sha256,
      ciphertext_blob: response.ciphertextBlob.toString('base64'),
      source_key_id: response.sourceKeyId,
      key_id: response.keyId,
      decision_id: response.decisionId,
    });
  }
  const { code, reason, layer, decisionId: decision_id } = refused?.facts ?? {};
  const told = { code, reason, layer, message: refused?.message, decision_id };
  return JSON.stringify({ reference, item_sha256, refused: told });
}

/** Undefined where the line is not a result. */
export function readLine(line: string): DoneResult | undefined {
  try {
    const { reference, item_sha256, key_id, refused } = parseJson(line) as Readonly<
      Record<string, unknown>
    >;
    const isResult = typeof key_id === 'string' || isJsonObject(refused);
    if (typeof reference !== 'string' || typeof item_sha256 !== 'string' || !isResult)
      return undefined;
    return { reference, digest: item_sha256, refused: refused as WhyRefused | undefined };
  } catch {
    return undefined;
  }
}

/**
 * Whether a file that ends in this was cut short in a result. Another file's line, such as an item, may begin like
 * one: then it is whole JSON, but no result.
 */
export function isTorn(text: string): boolean {
  if (BEGINNING.startsWith(text)) return true;
  return text.startsWith(BEGINNING) && (!isJson(text) || readLine(text) !== undefined);
}

function isJson(text: string): boolean {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}
