/**
 * What an option or an input file can hold before anyone has checked it. Maps keep their order and
 * any key; numbers keep their text, because nothing calculates with them.
 */
export type Value =
  | null
  | boolean
  | string
  | Uint8Array
  | NumberText
  | Foreign
  | readonly Value[]
  | ValueMap;

export type ValueMap = ReadonlyMap<string, Value>;

interface NumberText {
  readonly number: 'int' | 'float';
  readonly text: string;
}

/** A YAML value that JSON cannot express, such as a date; it can only be refused. */
interface Foreign {
  readonly foreign: string;
  readonly text: string;
}

export function isMap(value: Value | undefined): value is ValueMap {
  return value instanceof Map;
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** The value as Python writes it, as it appears in the AWS CLI's messages. */
export function pythonText(value: Value): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Uint8Array) return `b${quotedBytes(value)}`;
  if (isList(value)) return `[${value.map(pythonText).join(', ')}]`;
  if (isMap(value)) {
    const pairs = [...value].map(([key, item]) => `${quoted(key)}: ${pythonText(item)}`);
    return `{${pairs.join(', ')}}`;
  }
  return value.text;
}

/** `<class 'str'>`, as Python names the type of a value. */
export function pythonType(value: Value): string {
  return `<class '${typeName(value)}'>`;
}

function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'str';
  if (value instanceof Uint8Array) return 'bytes';
  if (isList(value)) return 'list';
  if (isMap(value)) return 'dict';
  return 'number' in value ? value.number : value.foreign;
}

/** In single quotes, unless the text contains some and no double quotes. */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = [...text].map((character) => escapeCharacter(character, quote)).join('');
  return `${quote}${escaped}${quote}`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escapeCharacter(character: string, quote: string): string {
  if (character === quote) return `\\${quote}`;
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  if (!/^[\p{C}\p{Z}]$/u.test(character) || character === ' ') return character;
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${hex(code, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function quotedBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1');
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = [...text].map((character) => {
    const code = character.charCodeAt(0);
    return code > 0x7e ? `\\x${hex(code, 2)}` : escapeCharacter(character, quote);
  });
  return `${quote}${escaped.join('')}${quote}`;
}

/** A floating-point number as Python writes it. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Without the space in front; a byte order mark is not a space. */
export function stripStart(text: string): string {
  return text.replace(/^[^\S\ufeff]+/, '');
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, '0');
}
