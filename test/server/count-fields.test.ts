import { expect, test } from 'vitest';
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
])('%s takes as many fields as it says that it does', (method, largest) => {
  const { requestSerialize, requestDeserialize } = loadService()[method] ?? {};
  const read = requestDeserialize?.(requestSerialize?.(largest) ?? Buffer.alloc(0));
  expect(read).toBeDefined();
  expect(read).not.toBeInstanceOf(MalformedMessage);
});
