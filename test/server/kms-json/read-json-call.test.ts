import { describe, expect, it } from 'vitest';
import { post, serveHandler } from './serve-handler.ts';

it('carries every member of ReEncrypt, each side with its own', async () => {
  const { endpoint, calls } = await serveHandler();
  await post(endpoint, {
    ...{ CiphertextBlob: 'AQID', SourceKeyId: 'alias/a', DestinationKeyId: 'alias/b' },
    ...{ SourceEncryptionContext: { a: '1' }, DestinationEncryptionContext: { b: '2' } },
    SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
    DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    ...{ GrantTokens: ['t'], DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT'] },
  });
  const [source, destination] = [{ a: '1' }, { b: '2' }];
  expect(calls).toMatchObject([
    {
      ciphertext: Buffer.from([1, 2, 3]),
      source: { keyId: 'alias/a', encryptionContext: source, algorithm: 'RSAES_OAEP_SHA_1' },
      destination: {
        ...{ keyId: 'alias/b', encryptionContext: destination },
        algorithm: 'RSAES_OAEP_SHA_256',
      },
      ...{ grantTokens: ['t'], dryRun: true, dryRunModifiers: ['IGNORE_CIPHERTEXT'] },
    },
  ]);
});

describe('an invalid ReEncrypt', () => {
  it.each([
    ['a wrong type', { DestinationKeyId: 3 }, 'SerializationException', /NUMBER_VALUE can not/],
    [
      'a context that is a list',
      { DestinationKeyId: 'a', SourceEncryptionContext: [] },
      'SerializationException',
      /Expected map/,
    ],
    [
      'bad base64',
      { DestinationKeyId: 'a', CiphertextBlob: '*' },
      'SerializationException',
      /Base64/,
    ],
    ['a body that is no object', [], 'SerializationException', /structure/],
    [
      'no destination',
      { CiphertextBlob: 'AAAA' },
      'ValidationException',
      /^1 validation error detected: Value at 'destinationKeyId' failed to satisfy constraint: Member must /,
    ],
    [
      'an empty context value',
      { CiphertextBlob: 'AAAA', DestinationKeyId: 'a', SourceEncryptionContext: { a: '' } },
      'ValidationException',
      /'sourceEncryptionContext'/,
    ],
    [
      'two wrong members',
      { CiphertextBlob: 'AAAA', SourceKeyId: '', DestinationKeyId: '' },
      'ValidationException',
      /^2 validation errors detected: .*; /,
    ],
    [
      'an unknown member',
      { CiphertextBlob: 'AAAA', DestinationKeyId: 'a', Recipient: {} },
      'ValidationException',
      /'recipient' .*not a member of ReEncrypt/,
    ],
    [
      'a lone surrogate',
      '{"CiphertextBlob":"AAAA","DestinationKeyId":"a","SourceEncryptionContext":{"\\ud800":"x"}}',
      'ValidationException',
      /Unicode/,
    ],
    [
      '__proto__ in a context',
      '{"CiphertextBlob":"AAAA","DestinationKeyId":"a","SourceEncryptionContext":{"__proto__":"x"}}',
      'ValidationException',
      /__proto__/,
    ],
  ])('with %s is refused before the pipeline', async (_name, body, type, message) => {
    const { endpoint, calls, turnedAway } = await serveHandler();
    const { status, json } = await post(endpoint, body);
    expect(status).toBe(400);
    expect(json.__type).toBe(type);
    expect(json.message ?? json.Message).toMatch(message);
    expect(calls).toEqual([]);
    expect(turnedAway.map(({ reason }) => reason)).toEqual(['INVALID_REQUEST']);
  });
});
