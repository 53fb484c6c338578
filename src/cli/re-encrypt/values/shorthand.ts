import type { Value } from './value.ts';

/** `k=v,k2="v, w"`: a text that breaks the grammar of the AWS CLI's shorthand; the words are the AWS CLI's. */
export class ShorthandProblem extends Error {
  override readonly name = 'ShorthandProblem';
}

/** Reads what `key@=file://…` names; undefined if the value names no file. */
type ReadFileValue = (value: string) => Value | undefined;

const KEY_CHARACTER = /[A-Za-z0-9\-_.#/:]/;
const SPACE = /[ \t\n\r\v\f]/;
const SINGLE_QUOTED = /^'(?:\\'|[^'])*'/;
const DOUBLE_QUOTED = /^"(?:\\"|[^"])*"/;
const START = '!#-&(-+\\--<>-Z\\\\-z|-\\uffff';
const FIRST_FOLLOW = '\\s\\x1c-\\x1f!#-&(-+\\--\\\\^-|~-\\uffff';
const SECOND_FOLLOW = '\\s\\x1c-\\x1f!#-&(-+\\--<>-\\uffff';
const FIRST_VALUE = new RegExp(`^(?:\\\\,|[${START}])(?:\\\\,|[${FIRST_FOLLOW}])*`, 'u');
const SECOND_VALUE = new RegExp(`^(?:\\\\,|[${START}])(?:\\\\,|[${SECOND_FOLLOW}])*`, 'u');

/** @throws ShorthandProblem */
export function parseShorthand(input: string, readFile: ReadFileValue): ReadonlyMap<string, Value> {
  const cursor: Cursor = { input, at: 0, readFile, filed: false };
  const map = new Map<string, Value>();
  const [firstKey, firstValue] = keyAndValues(cursor);
  map.set(firstKey, firstValue);
  let end = cursor.at;
  while (cursor.at < input.length) {
    expectAround(cursor, ',');
    const [key, value] = keyAndValues(cursor);
    if (map.has(key)) throw repeated(cursor, { key, at: end + 1 });
    map.set(key, value);
    end = cursor.at;
  }
  return map;
}

interface Cursor {
  readonly input: string;
  at: number;
  readonly readFile: ReadFileValue;
  /** True after `@=`: values may name files. */
  filed: boolean;
}

function keyAndValues(cursor: Cursor): [string, Value] {
  const key = keyWithSign(cursor);
  return [key, values(cursor)];
}

function keyWithSign(cursor: Cursor): string {
  const start = cursor.at;
  while (KEY_CHARACTER.test(current(cursor))) cursor.at += 1;
  const key = cursor.input.slice(start, cursor.at);
  skipSpace(cursor);
  cursor.filed = current(cursor) === '@';
  if (cursor.filed) expectAround(cursor, '@');
  expectAround(cursor, '=');
  return key;
}

function values(cursor: Cursor): Value {
  if (atEnd(cursor)) return '';
  if (current(cursor) === '[') return explicitList(cursor);
  if (current(cursor) === '{') return hashLiteral(cursor);
  return commaSeparated(cursor);
}

/** `a,b,c=…` is a list `a,b` and the next key, so a word before an equals sign is given back. */
function commaSeparated(cursor: Cursor): Value {
  const first = firstValue(cursor);
  skipSpace(cursor);
  if (current(cursor) !== ',') return first;
  expectAround(cursor, ',');
  const list = [first];
  while (nextInList(cursor, list));
  return list.length === 1 ? first : list;
}

/** False where the list ends: at the end of the input, or before a word that turns out to be a key. */
function nextInList(cursor: Cursor, list: Value[]): boolean {
  try {
    const next = secondValue(cursor);
    skipSpace(cursor);
    const last = atEnd(cursor);
    if (!last) expectAround(cursor, ',');
    list.push(next);
    return !last;
  } catch (thrown) {
    if (!(thrown instanceof ShorthandProblem) || atEnd(cursor)) throw thrown;
    cursor.at = cursor.input.lastIndexOf(',', cursor.at);
    return false;
  }
}

function explicitList(cursor: Cursor): Value {
  expectAround(cursor, '[');
  const list: Value[] = [];
  while (current(cursor) !== ']') {
    list.push(explicitValue(cursor));
    separate(cursor, ']');
  }
  expect(cursor, ']');
  return list;
}

function hashLiteral(cursor: Cursor): Value {
  expectAround(cursor, '{');
  const map = new Map<string, Value>();
  while (current(cursor) !== '}') {
    const key = keyWithSign(cursor);
    map.set(key, explicitValue(cursor));
    separate(cursor, '}');
  }
  expect(cursor, '}');
  return map;
}

function separate(cursor: Cursor, end: string): void {
  skipSpace(cursor);
  if (current(cursor) === end) return;
  expect(cursor, ',');
  skipSpace(cursor);
}

function explicitValue(cursor: Cursor): Value {
  if (current(cursor) === '[') return explicitList(cursor);
  if (current(cursor) === '{') return hashLiteral(cursor);
  return firstValue(cursor);
}

function firstValue(cursor: Cursor): Value {
  const quotedText = quotedValue(cursor);
  if (quotedText !== undefined) return quotedText;
  const word = match(cursor, FIRST_VALUE);
  return word === undefined ? '' : finished(cursor, unescapeCommas(word));
}

function secondValue(cursor: Cursor): Value {
  const quotedText = quotedValue(cursor);
  if (quotedText !== undefined) return quotedText;
  const word = match(cursor, SECOND_VALUE);
  if (word === undefined) throw unexpected(cursor, '<second>', '<none>');
  return finished(cursor, unescapeCommas(word));
}

function quotedValue(cursor: Cursor): Value | undefined {
  const quote = current(cursor);
  if (quote !== "'" && quote !== '"') return undefined;
  const word = match(cursor, quote === "'" ? SINGLE_QUOTED : DOUBLE_QUOTED);
  if (word === undefined) {
    throw unexpected(cursor, quote === "'" ? '<singled quoted>' : '<double quoted>', '<none>');
  }
  const text = word.slice(1, -1).replaceAll(`\\${quote}`, quote).replaceAll('\\\\', '\\');
  return finished(cursor, text);
}

function unescapeCommas(word: string): string {
  return word.replaceAll('\\,', ',').trimEnd();
}

function finished(cursor: Cursor, text: string): Value {
  return (cursor.filed ? cursor.readFile(text) : undefined) ?? text;
}

function match(cursor: Cursor, pattern: RegExp): string | undefined {
  const [word] = pattern.exec(cursor.input.slice(cursor.at)) ?? [];
  cursor.at += word?.length ?? 0;
  return word;
}

function expectAround(cursor: Cursor, character: string): void {
  skipSpace(cursor);
  expect(cursor, character);
  skipSpace(cursor);
}

function expect(cursor: Cursor, character: string): void {
  const found = atEnd(cursor) ? 'EOF' : current(cursor);
  if (found !== character) throw unexpected(cursor, character, found);
  cursor.at += 1;
}

function skipSpace(cursor: Cursor): void {
  while (SPACE.test(current(cursor))) cursor.at += 1;
}

/** '' at the end of the input. */
function current({ input, at }: Cursor): string {
  const code = input.codePointAt(at);
  return code === undefined ? '' : String.fromCodePoint(code);
}

function atEnd({ input, at }: Cursor): boolean {
  return at >= input.length;
}

function unexpected({ input, at }: Cursor, expected: string, received: string): ShorthandProblem {
  return new ShorthandProblem(
    `Expected: '${expected}', received: '${received}' for input:\n ${pointAt(input, at)}`,
  );
}

function repeated({ input }: Cursor, { key, at }: { key: string; at: number }): ShorthandProblem {
  return new ShorthandProblem(
    `Second instance of key "${key}" encountered for input:\n${pointAt(input, at)}\n` +
      'This is often because there is a preceding "," instead of a space.',
  );
}

/** The input with a `^` under the place, on a line of its own. */
function pointAt(input: string, at: number): string {
  const lineStart = input.lastIndexOf('\n', at - 1) + 1;
  const nextLine = input.indexOf('\n', at);
  const consumed = nextLine === -1 ? input : input.slice(0, nextLine);
  const remaining = nextLine === -1 ? '' : input.slice(nextLine);
  const column = [...input.slice(lineStart, at)].length;
  return `${consumed}\n${' '.repeat(column)}^${remaining}`;
}
