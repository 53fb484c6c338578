import { pythonFloat, type Value, type ValueMap } from './value.ts';

/** What is wrong with a JSON text and where, in the words of Python's `json`. */
export class JsonProblem extends Error {
  override readonly name = 'JsonProblem';
}

interface Cursor {
  readonly text: string;
  at: number;
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const PLAIN = /(?:[^"\\\p{Cc}]|[\u007f-\u009f])*/uy;
const WORDS: readonly (readonly [string, Value])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', { number: 'float', text: 'nan' }],
  ['Infinity', { number: 'float', text: 'inf' }],
  ['-Infinity', { number: 'float', text: '-inf' }],
];
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
/** Deeper nesting is refused before it can exhaust the stack. */
const MOST_NESTING = 500;

/** Parses JSON into ordered maps; of repeated keys the last one counts. @throws JsonProblem */
export function parseJson(text: string): Value {
  const cursor: Cursor = { text, at: 0 };
  if (text.startsWith('\ufeff')) {
    throw problem(cursor, 'Unexpected UTF-8 BOM (decode using utf-8-sig)', 0);
  }
  skip(cursor, SPACE);
  const value = parseValue(cursor, 0);
  skip(cursor, SPACE);
  if (cursor.at < text.length) throw problem(cursor, 'Extra data', cursor.at);
  return value;
}

function parseValue(cursor: Cursor, depth: number): Value {
  const { text, at } = cursor;
  if (depth > MOST_NESTING) throw problem(cursor, 'Too many nested values', at);
  if (text[at] === '"') return parseString(cursor);
  if (text[at] === '{') return parseObject(cursor, depth);
  if (text[at] === '[') return parseArray(cursor, depth);
  const word = WORDS.find(([spelling]) => text.startsWith(spelling, at));
  if (word !== undefined) {
    cursor.at += word[0].length;
    return word[1];
  }
  return parseNumber(cursor);
}

function parseNumber(cursor: Cursor): Value {
  NUMBER.lastIndex = cursor.at;
  const found = NUMBER.exec(cursor.text);
  if (found === null) throw problem(cursor, 'Expecting value', cursor.at);
  const [text, fraction, exponent] = found;
  cursor.at += text.length;
  if (fraction === undefined && exponent === undefined) {
    return { number: 'int', text: text === '-0' ? '0' : text };
  }
  return { number: 'float', text: pythonFloat(Number(text)) };
}

function parseString(cursor: Cursor): string {
  const start = cursor.at;
  cursor.at += 1;
  let value = '';
  for (;;) {
    value += skip(cursor, PLAIN);
    const character = cursor.text[cursor.at];
    if (character === undefined) {
      throw problem(cursor, 'Unterminated string starting at', start);
    }
    if (character === '"') {
      cursor.at += 1;
      return value;
    }
    if (character !== '\\') throw problem(cursor, 'Invalid control character at', cursor.at);
    value += parseEscape(cursor, start);
  }
}

function parseEscape(cursor: Cursor, start: number): string {
  const letter = cursor.text[cursor.at + 1];
  if (letter === undefined) throw problem(cursor, 'Unterminated string starting at', start);
  if (letter === 'u') {
    const digits = cursor.text.slice(cursor.at + 2, cursor.at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
      throw problem(cursor, 'Invalid \\uXXXX escape', cursor.at + 1);
    }
    cursor.at += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
  const character = ESCAPES[letter];
  if (character === undefined) throw problem(cursor, 'Invalid \\escape', cursor.at);
  cursor.at += 2;
  return character;
}

function parseObject(cursor: Cursor, depth: number): ValueMap {
  const map = new Map<string, Value>();
  cursor.at += 1;
  skip(cursor, SPACE);
  if (taken(cursor, '}')) return map;
  for (;;) {
    if (cursor.text[cursor.at] !== '"') {
      throw problem(cursor, 'Expecting property name enclosed in double quotes', cursor.at);
    }
    const key = parseString(cursor);
    skip(cursor, SPACE);
    if (!taken(cursor, ':')) throw problem(cursor, "Expecting ':' delimiter", cursor.at);
    skip(cursor, SPACE);
    map.set(key, parseValue(cursor, depth + 1));
    skip(cursor, SPACE);
    if (taken(cursor, '}')) return map;
    if (!taken(cursor, ',')) throw problem(cursor, "Expecting ',' delimiter", cursor.at);
    skip(cursor, SPACE);
  }
}

function parseArray(cursor: Cursor, depth: number): readonly Value[] {
  const list: Value[] = [];
  cursor.at += 1;
  skip(cursor, SPACE);
  if (taken(cursor, ']')) return list;
  for (;;) {
    list.push(parseValue(cursor, depth + 1));
    skip(cursor, SPACE);
    if (taken(cursor, ']')) return list;
    if (!taken(cursor, ',')) throw problem(cursor, "Expecting ',' delimiter", cursor.at);
    skip(cursor, SPACE);
  }
}

function taken(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}

function skip(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const [skipped = ''] = pattern.exec(cursor.text) ?? [];
  cursor.at += skipped.length;
  return skipped;
}

function problem({ text }: Cursor, message: string, at: number): JsonProblem {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = [...before.slice(before.lastIndexOf('\n') + 1)].length + 1;
  return new JsonProblem(`${message}: line ${line} column ${column} (char ${[...before].length})`);
}
