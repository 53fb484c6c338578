import { parseJson } from '../exact-json.ts';
import { type Json, members } from './canonical.ts';

/**
 * An entry on its way to the log: all of its line but `prev` and `seq`, which the log alone can
 * know. One string, because one string is what crosses a thread boundary cheapest:
 * mark (1) + decision id (36, blanks where there is none) + three pieces of the line, parted by
 * U+0001, which no JSON text contains.
 */
export type Body = string;

/** What an entry does to the call it belongs to: begins it, ends it, or nothing. */
export type Mark = '+' | '-' | ' ';

const PART = '\u0001';
const NO_ID = ' '.repeat(36);
const MARK_LENGTH = 37;

/** Members sorted before `prev`, those between `prev` and `seq`, and those after. The first two end with a comma. */
export interface Pieces {
  readonly head: string;
  readonly middle: string;
  readonly tail: string;
}

export function toBody(mark: Mark, id: string, { head, middle, tail }: Pieces): Body {
  return `${mark}${id}{${head}${PART}${middle}${PART}${tail}}`;
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

/** The whole line, without its newline. */
export function toLine(body: Body, seq: number, prev: string): string {
  const first = body.indexOf(PART, MARK_LENGTH);
  const second = body.indexOf(PART, first + 1);
  return `${body.slice(MARK_LENGTH, first)}"prev":"${prev}",${body.slice(first + 1, second)}"seq":${seq},${body.slice(second + 1)}`;
}

/** The same entry as plain values again, for the rare paths that change it. */
export function fromBody(body: Body): Record<string, Json> {
  return parseJson(body.slice(MARK_LENGTH).replaceAll(PART, '')) as Record<string, Json>;
}
