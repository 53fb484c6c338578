import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Action } from '../../src/call.ts';
import { Refusal } from '../../src/errors.ts';
import type { ReEncryptRequest__Output } from '../../src/gen/kms/reencrypt/v1/ReEncryptRequest.ts';
import { type Envelope, readCall, type WireCall } from '../../src/server/read-call.ts';
import { codePoint } from '../helpers/code-point.ts';
import { PLAIN_ARRIVAL } from '../helpers/plain-values.ts';

const envelope = (action: Action = 'kms:ReEncrypt'): Envelope => ({
  id: 'id',
  action,
  transport: 'grpc',
  arrival: PLAIN_ARRIVAL,
  job: '',
  traceId: '',
  receivedAt: 0,
  signal: new AbortController().signal,
});

type Field = Exclude<keyof ReEncryptRequest__Output, 'ciphertextBlob' | '_sourceKeyId'>;

/** Has a member for each field of the message: one that a call has not would be ignored. */
const good: WireCall = {
  ciphertext: new Uint8Array(1),
  sourceEncryptionContext: {},
  sourceKeyId: 'alias/a',
  destinationKeyId: 'alias/b',
  destinationEncryptionContext: {},
  sourceEncryptionAlgorithm: '',
  destinationEncryptionAlgorithm: '',
  grantTokens: [],
  dryRun: false,
  dryRunModifiers: [],
} satisfies Record<Field | 'ciphertext', unknown>;

function violations(wire: Partial<WireCall>, action?: Action) {
  try {
    readCall({ ...good, ...wire }, envelope(action));
    return [];
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    expect(thrown.reason).toBe('INVALID_REQUEST');
    return thrown.fields.map(({ field }) => field);
  }
}

const pairs = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${n}`, 'v']));

const own = (key: string, value: unknown) =>
  Object.defineProperty({}, key, { value, enumerable: true });

test('a request at every limit is read as it is', () => {
  const wire: WireCall = {
    ...good,
    ciphertext: new Uint8Array(6144).fill(7),
    sourceKeyId: 'a'.repeat(2048),
    sourceEncryptionContext: pairs(1000),
    sourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
    destinationKeyId: 'b',
    destinationEncryptionContext: { é: '€' },
    destinationEncryptionAlgorithm: 'SM2PKE',
    grantTokens: [...Array(9).fill('t'), 't'.repeat(8192)],
    dryRun: true,
    dryRunModifiers: ['IGNORE_CIPHERTEXT', 'IGNORE_CIPHERTEXT'],
  };
  expect(readCall(wire, envelope())).toMatchObject({
    ciphertext: wire.ciphertext,
    source: {
      keyId: wire.sourceKeyId,
      encryptionContext: wire.sourceEncryptionContext,
      algorithm: 'RSAES_OAEP_SHA_1',
    },
    destination: { keyId: 'b', encryptionContext: { é: '€' }, algorithm: 'SM2PKE' },
    grantTokens: wire.grantTokens,
    dryRun: true,
    dryRunModifiers: ['IGNORE_CIPHERTEXT'],
  });
});

test('the sentence of an invalid request names the first mistake, and counts the others', () => {
  const sentence = (wire: Partial<WireCall>) =>
    expect(() => readCall({ ...good, ...wire }, envelope()));
  sentence({ destinationKeyId: '' }).toThrow(/^destination_key_id must have 1 to 2048 characters$/);
  sentence({ destinationKeyId: '', grantTokens: [''] }).toThrow(/characters \(and 1 more\)$/);
});

describe('an invalid request is refused, naming its field:', () => {
  // biome-ignore format: a table reads best with a case a line.
  test.each<[string, Partial<WireCall>, string[]]>([
    ['an empty ciphertext', { ciphertext: new Uint8Array() }, ['ciphertext_blob']],
    ['6,145 bytes', { ciphertext: new Uint8Array(6145) }, ['ciphertext_blob']],
    ['a context of 1,001 pairs', { sourceEncryptionContext: pairs(1001) }, ['source_encryption_context']],
    ['an empty source key id', { sourceKeyId: '' }, ['source_key_id']],
    ['a source key id of 2,049 characters', { sourceKeyId: 'a'.repeat(2049) }, ['source_key_id']],
    ['no destination key id', { destinationKeyId: '' }, ['destination_key_id']],
    ['an unknown algorithm', { sourceEncryptionAlgorithm: '99' }, ['source_encryption_algorithm']],
    ['11 grant tokens', { grantTokens: Array(11).fill('t') }, ['grant_tokens']],
    ['an empty grant token', { grantTokens: ['t', ''] }, ['grant_tokens[1]']],
    ['a grant token of 8,193 characters', { grantTokens: ['t'.repeat(8193)] }, ['grant_tokens[0]']],
    ['a grant token with U+FFFD', { grantTokens: ['\uFFFD'] }, ['grant_tokens[0]']],
    ['an unknown modifier', { dryRun: true, dryRunModifiers: ['X'] }, ['dry_run_modifiers']],
    ['a modifier without a dry run', { dryRunModifiers: ['IGNORE_CIPHERTEXT'] }, ['dry_run_modifiers']],
    ['a dry run without a source key', { dryRun: true, sourceKeyId: undefined }, ['source_key_id']],
    ['RSA without a source key', { sourceKeyId: undefined, sourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }, ['source_key_id']],
    ['an empty context value', { sourceEncryptionContext: { a: '' } }, ['source_encryption_context']],
    ['an empty context key', { sourceEncryptionContext: { '': 'a' } }, ['source_encryption_context']],
    ['a context value that is no string', { destinationEncryptionContext: { a: 1 } }, ['destination_encryption_context']],
    ['a lone surrogate in a value', { sourceEncryptionContext: { a: '\uD800' } }, ['source_encryption_context']],
    ['a lone surrogate in a key', { destinationEncryptionContext: { '\uDC00': 'a' } }, ['destination_encryption_context']],
    ['U+FFFD', { destinationEncryptionContext: { a: 'x\uFFFD' } }, ['destination_encryption_context']],
    ['the key __proto__', { sourceEncryptionContext: own('__proto__', 'x') }, ['source_encryption_context']],
    ['several mistakes', { destinationKeyId: '', ciphertext: new Uint8Array(), grantTokens: [''] }, ['destination_key_id', 'grant_tokens[0]', 'ciphertext_blob']],
  ])('%s', (_name, wire, fields) => {
    expect(violations(wire)).toEqual(fields);
  });

  test('an empty ciphertext passes only if KMS ignores it, or in a check', () => {
    const empty = { ciphertext: new Uint8Array() };
    const ignored = { dryRun: true, dryRunModifiers: ['IGNORE_CIPHERTEXT'] };
    expect(violations({ ...empty, ...ignored })).toEqual([]);
    expect(violations(empty, 'kms:CheckReEncrypt')).toEqual([]);
    expect(violations({ ...empty, dryRun: true })).toEqual(['ciphertext_blob']);
  });

  test('a source key may be left out', () => {
    expect(violations({ sourceKeyId: undefined })).toEqual([]);
  });

  test('any context is carried unchanged or refused', () => {
    const text = fc.oneof(
      fc.string({ unit: codePoint, maxLength: 8 }),
      fc.constantFrom('__proto__', 'constructor', '\uFFFD', '\uD800', '', 'é', 'e\u0301'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 5 }), (pairs) => {
        const context: Record<string, string> = Object.create(null);
        for (const [key, value] of pairs) context[key] = value;
        const wire = { sourceEncryptionContext: context };
        if (violations(wire).length > 0) return;
        const read = readCall({ ...good, ...wire }, envelope()).source.encryptionContext;
        expect(Object.entries(read).sort()).toEqual(Object.entries(context).sort());
        expect(JSON.parse(JSON.stringify(read))).toEqual({ ...context });
      }),
      { numRuns: 500 },
    );
  });
});
