import { describe, expect, test } from 'vitest';
import type { CallSide, KeyFacts } from '../../src/call.ts';
import { limited, Refusal } from '../../src/errors.ts';
import type { CachedLookUp } from '../../src/keys/cache.ts';
import { createResolve } from '../../src/keys/resolve.ts';
import { ANSWER } from '../kms/answers.ts';
import { SOURCE_ARN } from '../kms/permits.ts';
import { aCall, keyFacts, resolved } from '../policy/values.ts';

const side = (keyId: string): CallSide => ({ ...aCall().source, keyId });
const CALL = aCall({ source: side('alias/a'), destination: side('alias/b') });
const asked = { call: CALL, principal: resolved().principal };

/** Has only these keys, and refuses all others for `reason`. */
function lookUpOf(known: Readonly<Record<string, KeyFacts>>, refusal?: Refusal): CachedLookUp {
  return (keyId) => known[keyId] ?? Promise.reject(refusal);
}

describe('a key id that cannot be resolved', () => {
  const facts = { 'alias/a': keyFacts('alias/a'), 'alias/b': keyFacts('alias/b') };

  test.each([
    ['source', 'alias/a'],
    ['destination', 'alias/b'],
  ])('is refused with its side, what KMS said, and when to retry: the %s', async (which, keyId) => {
    const refusal = new Refusal('KEY_FACTS_UNAVAILABLE', {
      kmsError: 'ThrottlingException',
      kmsRequestId: 'id',
      retryAfterMs: 1000,
      cause: 'why',
    });
    const lookUp = lookUpOf({ ...facts, [keyId]: undefined as never }, refusal);
    await expect(createResolve(lookUp)(asked)).rejects.toMatchObject({
      reason: 'KEY_FACTS_UNAVAILABLE',
      message: `Facts about the ${which} key could not be obtained.`,
      side: which,
      fields: [],
      kmsError: 'ThrottlingException',
      kmsRequestId: 'id',
      retryAfterMs: 1000,
      cause: 'why',
    });
  });

  test('that KMS does not know is said to be that of its side', async () => {
    const lookUp = lookUpOf({ 'alias/a': keyFacts('alias/a') }, new Refusal('KMS_KEY_NOT_FOUND'));
    const message = 'KMS does not know the destination key.';
    await expect(createResolve(lookUp)(asked)).rejects.toMatchObject({ message });
  });

  test('that a limit keeps from being looked up is refused in the words of the limit', async () => {
    const lookUp = lookUpOf({ 'alias/a': keyFacts('alias/a') }, limited('calls wait for KMS', 5));
    const message = 'The proxy limits requests: too many calls wait for KMS.';
    await expect(createResolve(lookUp)(asked)).rejects.toMatchObject({ message });
  });

  test('is named as the field that is wrong, if it is', async () => {
    const wrong = new Refusal('INVALID_REQUEST', { sentence: 'must be a key ARN' });
    const lookUp = lookUpOf({ 'alias/b': keyFacts('alias/b') }, wrong);
    await expect(createResolve(lookUp)(asked)).rejects.toMatchObject({
      reason: 'INVALID_REQUEST',
      message: 'source_key_id must be a key ARN',
      side: 'source',
      fields: [{ field: 'source_key_id', description: 'must be a key ARN' }],
    });
  });
});

test('after KMS’s answer the source is the key that KMS reported, and the destination the judged one', async () => {
  const judged = { source: keyFacts('', { known: false }), destination: keyFacts('alias/b') };
  const reported = keyFacts('alias/a', { keyIdForm: 'key_arn', requestedKeyId: SOURCE_ARN });
  const moved = keyFacts('alias/c');
  const resolve = createResolve(lookUpOf({ [SOURCE_ARN]: reported, 'alias/b': moved }));
  const answer = { ...ANSWER, sourceKeyArn: SOURCE_ARN };
  const { source, destination } = await resolve({ ...asked, keys: judged, answer });
  expect(source).toEqual({ ...reported, requestedKeyId: '', keyIdForm: '' });
  expect(destination).toBe(judged.destination);
  const unavailable = createResolve(lookUpOf({}, new Refusal('KEY_FACTS_UNAVAILABLE')));
  await expect(unavailable({ ...asked, keys: judged, answer })).rejects.toMatchObject({
    reason: 'KEY_FACTS_UNAVAILABLE',
    side: 'source',
  });
});

test.each(['alias/a', `${SOURCE_ARN}\n`, 'arn:aws:kms:eu-west-1:111122223333:alias/a', 'a'])(
  'a source key that KMS reported as %j is looked up for nobody, and the caller is not blamed',
  async (sourceKeyArn) => {
    const judged = { source: keyFacts('', { known: false }), destination: keyFacts('alias/b') };
    const resolve = createResolve(() => expect.unreachable());
    const answer = { ...ANSWER, sourceKeyArn };
    await expect(resolve({ ...asked, keys: judged, answer })).rejects.toMatchObject({
      reason: 'CONFIRM_MISMATCH',
      side: 'source',
    });
  },
);
