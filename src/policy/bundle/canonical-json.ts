import { Buffer } from 'node:buffer';
import { parseJson } from '../../exact-json.ts';

const NUMBER = Symbol('the text of a number');

/**
 * JSON as OPA hashes it: keys in the order of their UTF-8 bytes, numbers as they were written, strings
 * escaped as Go escapes them. @throws SyntaxError
 */
export function canonicalJson(text: string): string {
  return write(parseJson(text, keepNumberText));
}

/** `context.source` is what the text says, so that neither 1.0 nor a long integer is rounded. */
function keepNumberText(_key: string, value: unknown, context?: { readonly source?: string }) {
  return typeof value === 'number' ? { [NUMBER]: context?.source ?? String(value) } : value;
}

function write(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (NUMBER in value) return String(value[NUMBER]);
  if (Array.isArray(value)) return `[${value.map(write).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => byUtf8(a, b));
  return `{${entries.map(([key, item]) => `${quote(key)}:${write(item)}`).join()}}`;
}

function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function quote(text: string): string {
  return JSON.stringify(text.toWellFormed())
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}
