import { type Json, members } from '../../json/canonical.ts';
import { parseJson } from '../../json/exact.ts';

/**
 * An entry on its way to the log: its whole line except the values of `prev` and `seq`, which only
 * the log knows. One string: mark (1) + decision id (36, blanks if there is none) + the line.
 * U+0001, which no JSON text contains, fills the places of `prev` and `seq`.
 */
export type Body = string;

/** Bodies as they cross to the log's thread: UTF-8, a newline after each. */
export interface Packed {
  readonly memory: SharedArrayBuffer;
  readonly bytes: number;
}

/** What an entry does to the call it belongs to: begins it, ends it, or nothing. */
export type Mark = '+' | '-' | ' ';

const HASH_LENGTH = 64;
const PREV = `"prev":"${'\u0001'.repeat(HASH_LENGTH)}",`;
const SEQ = '\u0001';
const NO_ID = ' '.repeat(36);
/** Length of a mark and the decision id after it. */
export const MARK_LENGTH = 37;

/** Members sorted before `prev`, those between `prev` and `seq`, and those after. The first two end with a comma. */
interface Pieces {
  readonly head: string;
  readonly middle: string;
  readonly tail: string;
}

export function toBody(mark: Mark, id: string, { head, middle, tail }: Pieces): Body {
  return `${mark}${id}{${head}${PREV}${middle}${SEQ}${tail}}`;
}

/** An entry about the log itself or its process, from plain values. */
export function toEventBody(kind: string, timestamp: string, fields: Record<string, Json>): Body {
  return toBody(' ', NO_ID, toPieces({ ...fields, kind, timestamp }));
}

export function toPieces(entry: Readonly<Record<string, Json | undefined>>): Pieces {
  const keys = Object.keys(entry);
  const pick = (wanted: (key: string) => boolean) =>
    members(Object.fromEntries(keys.filter(wanted).map((key) => [key, entry[key]])));
  const middle = pick((key) => key > 'prev' && key < 'seq');
  return {
    head: `${pick((key) => key < 'prev')},`,
    middle: middle === '' ? '' : `${middle},`,
    tail: pick((key) => key > 'seq'),
  };
}

export function markOf(body: Body): Mark {
  return body.startsWith('+') ? '+' : body.startsWith('-') ? '-' : ' ';
}

export function idOf(body: Body): string {
  return body.slice(1, MARK_LENGTH);
}

/** The same entry as plain values again, for the rare paths that change it. */
export function fromBody(body: Body): Record<string, Json> {
  return parseJson(body.slice(MARK_LENGTH).replace(PREV, '').replace(SEQ, '')) as Record<
    string,
    Json
  >;
}

const LEAST_BYTES = 64 << 10;
/** UTF-8 bytes that one UTF-16 unit can take. */
const MOST_BYTES_A_UNIT = 3;
/** UTF-16 units of bodies that are packed together. */
export const MOST_UNITS = 1 << 20;
/** What a batch of so many takes in the log, with room for every `seq`. */
export const MOST_BATCH_BYTES = MOST_UNITS * (MOST_BYTES_A_UNIT + 1);

/**
 * `join` flattens all bodies at once, to be encoded in one go. The empty one at the end makes `join`
 * add the last newline: adding it with `+` would flatten everything a second time.
 * @param memory reused if it is large enough; nobody else may still be reading it
 */
export function pack(bodies: readonly Body[], memory?: SharedArrayBuffer): Packed {
  const text = [...bodies, ''].join('\n');
  const most = text.length * MOST_BYTES_A_UNIT;
  const roomy =
    memory && memory.byteLength >= most
      ? memory
      : new SharedArrayBuffer(Math.max(LEAST_BYTES, most * 2));
  return { memory: roomy, bytes: Buffer.from(roomy).write(text) };
}

/** Where the parts of one packed body start; its mark is at `start`. */
interface Place {
  readonly line: number;
  /** The first of the bytes that the value of `prev` replaces. */
  readonly prev: number;
  /** The byte that the value of `seq` replaces. */
  readonly seq: number;
  /** Its newline. */
  readonly end: number;
}

export function placeOf(packed: Buffer, start: number): Place {
  const line = start + MARK_LENGTH;
  const prev = packed.indexOf(1, line);
  const seq = packed.indexOf(1, prev + HASH_LENGTH);
  return { line, prev, seq, end: packed.indexOf(10, seq) };
}
