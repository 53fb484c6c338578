import { join } from 'node:path';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { countFields, type Shape } from '../../src/contract/count-fields.ts';
import { PROTO_ROOT } from '../../src/contract/proto.ts';
import {
  BATCH,
  BATCH_ANSWER,
  CALL,
  CHECK,
  CHECK_ANSWER,
  STREAM_ITEM,
  STREAM_RESULT,
} from '../../src/contract/shapes.ts';
import type { ReEncryptRequest } from '../../src/gen/kms/reencrypt/v1/ReEncryptRequest.ts';
import { loadService, MalformedMessage } from '../../src/server/service.ts';

const pairs = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${n}`, 'value']));

const request = (count: number): ReEncryptRequest => ({
  ciphertextBlob: Buffer.alloc(6144),
  sourceEncryptionContext: pairs(count),
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
  destinationEncryptionContext: pairs(count),
  sourceEncryptionAlgorithm: 1,
  destinationEncryptionAlgorithm: 1,
  grantTokens: Array(10).fill('token'),
  dryRun: true,
  dryRunModifiers: [1],
});

const item = (count: number) => ({ reference: 'a', request: request(count), deadlineMs: 5 });

test.each([
  ['ReEncrypt', request(1000)],
  ['CheckReEncrypt', { request: request(1000) }],
  ['StreamReEncrypt', item(1000)],
  ['BatchReEncrypt', { items: Array(1000).fill(item(10)) }],
])('%s accepts as many fields as its limit says', (method, largest) => {
  const { requestSerialize, requestDeserialize } = loadService()[method] ?? {};
  const read = requestDeserialize?.(requestSerialize?.(largest) ?? Buffer.alloc(0));
  expect(read).toBeDefined();
  expect(read).not.toBeInstanceOf(MalformedMessage);
});

/** The shape of a message according to its .proto. */
function shapeOf({ fieldsArray }: protobuf.Type): Shape {
  return Object.fromEntries(fieldsArray.map((field) => [field.id, kindOf(field.resolve())]));
}

function kindOf(field: protobuf.Field): Shape[number] {
  if (field instanceof protobuf.MapField) return { 1: 'bytes', 2: 'bytes' };
  if (field.resolvedType instanceof protobuf.Type) return shapeOf(field.resolvedType);
  if (['string', 'bytes'].includes(field.type)) return 'bytes';
  return field.repeated ? 'numbers' : 'number';
}

test.each([
  ['ReEncryptRequest', CALL],
  ['CheckReEncryptRequest', CHECK],
  ['StreamReEncryptRequest', STREAM_ITEM],
  ['BatchReEncryptRequest', BATCH],
  ['CheckReEncryptResponse', CHECK_ANSWER],
  ['StreamReEncryptResponse', STREAM_RESULT],
  ['BatchReEncryptResponse', BATCH_ANSWER],
])('every field of %s is counted', (name, shape) => {
  const root = new protobuf.Root();
  root.resolvePath = (_, path) => join(PROTO_ROOT, path);
  root.loadSync('kms/reencrypt/v1/reencrypt.proto');
  expect(shape).toEqual(shapeOf(root.lookupType(`kms.reencrypt.v1.${name}`)));
});

test.each<readonly [string, readonly number[], number]>([
  ['numbers packed into one field', [0x52, 3, 1, 1, 1], 4],
  ['the two fields of a pair', [0x12, 6, 0x0a, 1, 0x61, 0x12, 1, 0x62], 3],
  ['a field that no message has', [0x78, 1, 0x12, 0], 2],
])('counts %s', (_, bytes, count) => {
  expect(countFields(Buffer.from(bytes), CALL, 100)).toBe(count);
});

test('refuses a field whose tag has another type than the decoder would read', () => {
  // A map as a number, bytes as a fixed32, a number as a string.
  for (const bytes of [
    [0x10, 1],
    [0x0d, 1, 0, 0, 0],
    [0x32, 1, 0x61],
  ]) {
    const count = () => countFields(Buffer.from(bytes), CALL, 100);
    expect(count).toThrow('a field of another type');
  }
});

test('stops reading at one more than the limit', () => {
  expect(countFields(Buffer.alloc(100, Buffer.from([0x48, 1])), CALL, 10)).toBe(11);
});

test('refuses a group, whatever is in it', () => {
  const group = Buffer.from([0x7b, 0x78, 1, 0x7c]);
  expect(() => countFields(group, CALL, 3000)).toThrow('a group');
});
