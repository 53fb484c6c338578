import { fault } from '../fault.ts';

/** What AWS's parser says of a value that is not of the member's type. */
export function wrongType(
  json: unknown,
  wanted: 'a String' | 'an Integer' | 'a Boolean' | 'a Blob',
) {
  if (Array.isArray(json)) return serialization('Start of list found where not expected');
  if (typeof json === 'object') {
    return serialization('Start of structure or map found where not expected.');
  }
  return serialization(`${token(json)} can not be converted to ${wanted}`);
}

export function serialization(message: string) {
  return fault('SerializationException', message);
}

function token(json: unknown): string {
  if (typeof json === 'boolean') return json ? 'TRUE_VALUE' : 'FALSE_VALUE';
  return typeof json === 'number' ? 'NUMBER_VALUE' : 'STRING_VALUE';
}
