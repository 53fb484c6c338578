import { isJsonObject, type JsonObject } from '../json/object.ts';
import { JsonFault } from './fault.ts';

/** Members as JSON has them → values. A value of a wrong type is AWS's SerializationException. */

export function readText(json: unknown): string {
  if (typeof json === 'string') return json;
  throw wrongType(json, 'a String');
}

export function readFlag(json: unknown): boolean {
  if (typeof json === 'boolean') return json;
  throw wrongType(json, 'a Boolean');
}

export function readInteger(json: unknown): number {
  if (typeof json === 'number') return Math.trunc(json);
  throw wrongType(json, 'an Integer');
}

/** Seconds since the Unix epoch, or an ISO 8601 time. */
export function readTimestamp(json: unknown): Date {
  const date = new Date(typeof json === 'number' ? json * 1000 : readText(json));
  if (Number.isNaN(date.getTime())) throw serialization('Unparseable timestamp');
  return date;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

export function readBlob(json: unknown): Uint8Array {
  if (typeof json !== 'string') throw wrongType(json, 'a Blob');
  if (!BASE64.test(json)) throw serialization('Invalid Base64 in the request');
  return Buffer.from(json, 'base64');
}

export function readList<T>(json: unknown, readItem: (item: unknown) => T): readonly T[] {
  if (!Array.isArray(json)) throw serialization('Expected list or null');
  return json.map(readItem);
}

/** With a null prototype, so that no key has a special meaning. */
export function readMap(json: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(json)) throw serialization('Expected map or null');
  const map: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(json)) map[key] = readText(value);
  return map;
}

export function readStructure(json: unknown): JsonObject {
  if (isJsonObject(json)) return json;
  throw serialization('Start of structure or map not found where expected.');
}

function serialization(message: string): JsonFault {
  return new JsonFault('SerializationException', message);
}

function wrongType(json: unknown, wanted: string): JsonFault {
  if (Array.isArray(json)) return serialization('Start of list found where not expected');
  if (json !== null && typeof json === 'object') {
    return serialization('Start of structure or map found where not expected.');
  }
  return serialization(`${token(json)} can not be converted to ${wanted}`);
}

function token(json: unknown): string {
  if (json === null) return 'NULL_VALUE';
  if (typeof json === 'boolean') return json ? 'TRUE_VALUE' : 'FALSE_VALUE';
  return typeof json === 'number' ? 'NUMBER_VALUE' : 'STRING_VALUE';
}
