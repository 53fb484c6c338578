import { isList, isMap, type Value } from '../values/value.ts';
import { jsonScalar } from './json-output.ts';

/** Block style with sorted keys; a lone scalar is printed as JSON, an empty map not at all. */
export function yamlOutput(value: Value): string {
  if (isMap(value) && value.size === 0) return '';
  if (!isMap(value) && !isList(value)) return `${jsonScalar(value)}\n`;
  return `${block(value, 0).join('\n')}\n`;
}

/** The same as the one item of a list. */
export function yamlStreamOutput(value: Value): string {
  if (isMap(value) && value.size === 0) return '';
  return `${block([value], 0).join('\n')}\n`;
}

function block(value: Value, depth: number): readonly string[] {
  const indent = '  '.repeat(depth);
  if (isMap(value) && value.size > 0) {
    return [...value]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, item]) => entry(`${indent}${scalar(key, depth)}:`, item, depth));
  }
  if (isList(value) && value.length > 0) {
    return value.flatMap((item) => listItem(indent, item, depth));
  }
  return [`${indent}${inline(value, depth)}`];
}

function entry(start: string, value: Value, depth: number): readonly string[] {
  if (isMap(value) && value.size > 0) return [start, ...block(value, depth + 1)];
  if (isList(value) && value.length > 0) return [start, ...block(value, depth)];
  const column = start.length + 1;
  return [`${start} ${folded(inline(value, depth), { column, depth })}`];
}

/** The first line of an item comes behind its dash. */
function listItem(indent: string, item: Value, depth: number): readonly string[] {
  if (!isFilled(item)) {
    const column = indent.length + 2;
    return [`${indent}- ${folded(inline(item, depth), { column, depth })}`];
  }
  const [first = '', ...rest] = block(item, depth + 1);
  return [`${indent}- ${first.trimStart()}`, ...rest];
}

function isFilled(value: Value): boolean {
  return isMap(value) ? value.size > 0 : isList(value) && value.length > 0;
}

function inline(value: Value, depth: number): string {
  if (isMap(value)) return '{}';
  if (isList(value)) return '[]';
  if (typeof value === 'string') return scalar(value, depth);
  if (value instanceof Uint8Array) return scalar(Buffer.from(value).toString('base64'), depth);
  if (value !== null && typeof value === 'object') return value.text;
  return String(value);
}

/** Text that YAML would read as another type. */
const OTHER_TYPES = [
  /^(?:true|True|TRUE|false|False|FALSE)$/,
  /^[-+]?(?:0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)$/,
  /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9_]+(?:[eE][-+][0-9]+)?|\.(?:inf|Inf|INF))$/,
  /^\.(?:nan|NaN|NAN)$/,
  /^(?:~|null|Null|NULL|)$/,
  /^(?:<<|=)$/,
  /^\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)?$/,
];
const INDICATOR_FIRST = /^(?:[#,[\]{}&*!|>'"%@`]|[-?:](?:\s|$)|---|\.\.\.)/;
const INDICATOR_INSIDE = /:(?:\s|$)|\s#/;

const BEST_WIDTH = 80;

/** Breaks a long scalar at the first space past the width, as libyaml does. */
function folded(written: string, { column, depth }: { column: number; depth: number }): string {
  const indent = '  '.repeat(depth + 1);
  let at = column;
  return [...written]
    .map((character, i, all) => {
      at = character === '\n' ? 0 : at + 1;
      const lone = character === ' ' && all[i - 1] !== ' ' && all[i + 1] !== ' ';
      if (!lone || at - 1 <= BEST_WIDTH || i <= 1 || i >= all.length - 2) return character;
      at = indent.length;
      return `\n${indent}`;
    })
    .join('');
}

/** A string `depth` levels deep: plain, or in single quotes, or escaped in double ones. */
function scalar(text: string, depth: number): string {
  if (/[^\P{C}\n]|[\u2028\u2029\ufeff]| \n|\n /u.test(text)) return doubleQuoted(text);
  const plain =
    !text.includes('\n') &&
    !OTHER_TYPES.some((pattern) => pattern.test(text)) &&
    !INDICATOR_FIRST.test(text) &&
    !INDICATOR_INSIDE.test(text) &&
    text.trim() === text;
  if (plain) return text;
  const broken = text.replaceAll(/\n+/g, (breaks) => `\n${breaks}${'  '.repeat(depth + 1)}`);
  return `'${broken.replaceAll("'", "''")}'`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\0': '\\0',
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
  '\u0085': '\\N',
  '\u00a0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function doubleQuoted(text: string): string {
  const escaped = text.replaceAll(/["\\]|\p{C}|[\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16).toUpperCase();
    if (code > 0xffff) return `\\U${hex.padStart(8, '0')}`;
    const numbered = code > 0xff ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`;
    return SHORT_ESCAPES[character] ?? numbered;
  });
  return `"${escaped}"`;
}
