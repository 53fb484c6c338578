import { isList, isMap, type Value, type ValueMap } from '../values/value.ts';

/** Four spaces of indent, as the AWS CLI prints it; an empty map prints nothing. */
export function jsonOutput(value: Value): string {
  if (isMap(value) && value.size === 0) return '';
  return `${jsonText(value, '\n')}\n`;
}

/** `{"a": "b"}` on one line with everything but ASCII escaped: the body of a request. */
export function compactJson(value: Value): string {
  return jsonText(value, undefined).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** JSON of a scalar; bytes as base64. */
export function jsonScalar(value: Exclude<Value, readonly Value[] | ValueMap>): string {
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return 'number' in value ? value.text : JSON.stringify(value.text);
}

/** `indent` is the line break with the indent so far; undefined keeps all on one line. */
function jsonText(value: Value, indent: string | undefined): string {
  if (!isList(value) && !isMap(value)) return jsonScalar(value);
  const inner = indent === undefined ? undefined : `${indent}    `;
  const [open, close] = isMap(value) ? ['{', '}'] : ['[', ']'];
  const items = isMap(value)
    ? [...value].map(([key, item]) => `${JSON.stringify(key)}: ${jsonText(item, inner)}`)
    : value.map((item) => jsonText(item, inner));
  if (items.length === 0) return open + close;
  if (inner === undefined) return `${open}${items.join(', ')}${close}`;
  return `${open}${inner}${items.join(`,${inner}`)}${indent}${close}`;
}
