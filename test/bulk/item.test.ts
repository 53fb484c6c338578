import { expect, test } from 'vitest';
import { readItem as read } from '../../src/bulk/item.ts';

const readItem = (line: string) => read(line, { destinationKeyId: 'alias/b' });

test('an item may have context keys that objects in JavaScript have a meaning for', () => {
  const context = { constructor: '1', toString: '2', valueOf: '3' };
  const line = JSON.stringify({ reference: 'a', source_encryption_context: context });
  expect(readItem(line).item.request?.sourceEncryptionContext).toEqual(context);
});

test('the order of context pairs does not change an item’s digest, and their values do', () => {
  const digest = (context: string) =>
    readItem(`{"reference":"a","source_encryption_context":${context}}`).digest;
  expect(digest('{"b":"1","a":"2"}')).toBe(digest('{"a":"2","b":"1"}'));
  expect(digest('{"a":"1","b":"2"}')).not.toBe(digest('{"a":"2","b":"1"}'));
});
