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
      .flatMap(([key, item]) => entry(`${indent}${scalar(key)}:`, item, depth));
  }
  if (isList(value) && value.length > 0) {
    return value.flatMap((item) => listItem(indent, item, depth));
  }
  return [`${indent}${inline(value)}`];
}

function entry(start: string, value: Value, depth: number): readonly string[] {
  if (isMap(value) && value.size > 0) return [start, ...block(value, depth + 1)];
  if (isList(value) && value.length > 0) return [start, ...block(value, depth)];
  return [`${start} ${inline(value)}`];
}

/** The first line of what an item holds stands behind its dash. */
function listItem(indent: string, item: Value, depth: number): readonly string[] {
  const [first = '', ...rest] = block(item, depth + 1);
  return [`${indent}- ${first.trimStart()}`, ...rest];
}

function inline(value: Value): string {
  if (isMap(value)) return '{}';
  if (isList(value)) return '[]';
  if (typeof value === 'string') return scalar(value);
  if (value instanceof Uint8Array) return scalar(Buffer.from(value).toString('base64'));
  if (value !== null && typeof value === 'object') return value.text;
  return String(value);
}

/** What YAML would read as something other than text. */
const OTHER_TYPES = [
  /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  /^[-+]?(?:0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)$/,
  /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9_]+(?:[eE][-+][0-9]+)?|\.(?:inf|Inf|INF))$/,
  /^\.(?:nan|NaN|NAN)$/,
  /^(?:~|null|Null|NULL|)$/,
  /^(?:<<|=)$/,
  /^\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)?$/,
];
const INDICATOR_FIRST = /^(?:[#,[\]{}&*!|>'"%@`]|[-?:](?:\s|$)|---|\.\.\.)/;
const INDICATOR_INSIDE = /:(?:\s|$)|\s#/;

function scalar(text: string): string {
  if (/[\p{Cc}\u2028\u2029\ufeff]/u.test(text)) return JSON.stringify(text);
  const plain =
    !OTHER_TYPES.some((pattern) => pattern.test(text)) &&
    !INDICATOR_FIRST.test(text) &&
    !INDICATOR_INSIDE.test(text) &&
    text.trim() === text;
  return plain ? text : `'${text.replaceAll("'", "''")}'`;
}
