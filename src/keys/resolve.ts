import type { Call, KeyFacts, KmsAnswer, Progress, ResolvedKeys, Side } from '../call.ts';
import { Refusal, sentenceFor, toRefusal } from '../errors.ts';
import type { CachedLookUp } from './cache.ts';
import { parseKeyId } from './key-id.ts';
import { UNKNOWN_KEY } from './look-up.ts';

/**
 * Both key ids → key facts, without a promise if both are cached. In the result phase the source is the key
 * that KMS reported; the destination stays the one that was judged, even if its alias has moved since.
 */
export function createResolve(lookUp: CachedLookUp) {
  const reported = new WeakMap<KeyFacts, KeyFacts>();

  return ({ call, keys, answer }: Progress): ResolvedKeys | Promise<ResolvedKeys> =>
    keys && answer ? ofAnswer(answer, keys, call.signal) : ofCall(call);

  function ofCall({ source, destination, signal }: Call): ResolvedKeys | Promise<ResolvedKeys> {
    const wanted = [
      source.keyId === '' ? UNKNOWN_KEY : find('source', lookUp(source.keyId, signal)),
      find('destination', lookUp(destination.keyId, signal)),
    ] as const;
    return isHere(wanted) ? toKeys(wanted) : Promise.all(wanted).then(toKeys);
  }

  async function ofAnswer(
    { sourceKeyArn }: KmsAnswer,
    { destination }: ResolvedKeys,
    signal: AbortSignal,
  ): Promise<ResolvedKeys> {
    if (parseKeyId(sourceKeyArn)?.form !== 'key_arn') throw notAKey(sourceKeyArn);
    const facts = await find('source', lookUp(sourceKeyArn, signal));
    return { source: asReported(facts), destination };
  }

  /** No caller asked for it. One object per key lives as long as its facts, and is framed once. */
  function asReported(facts: KeyFacts): KeyFacts {
    const known = reported.get(facts);
    if (known) return known;
    const source = Object.freeze({ ...facts, requestedKeyId: '', keyIdForm: '' } as const);
    reported.set(facts, source);
    return source;
  }
}

/** Least of all an alias: who moves it would say which key is judged. And the caller is not to blame. */
function notAKey(reported: string): Refusal {
  const cause = new Error(`KMS reported source key ${reported}, which is not a key ARN`);
  return new Refusal('CONFIRM_MISMATCH', { side: 'source', cause });
}

type Pair<T> = readonly [T, T];

const toKeys = ([source, destination]: Pair<KeyFacts>): ResolvedKeys => ({ source, destination });

function isHere(wanted: Pair<KeyFacts | Promise<KeyFacts>>): wanted is Pair<KeyFacts> {
  return !wanted.some((facts) => facts instanceof Promise);
}

/** Adds the side, and also the field if the caller's key id was wrong. */
function find(side: Side, facts: KeyFacts | Promise<KeyFacts>): KeyFacts | Promise<KeyFacts> {
  if (!(facts instanceof Promise)) return facts;
  return facts.catch((thrown: unknown) => {
    const { reason, message, kmsError, kmsRequestId, retryAfterMs, cause } = toRefusal(thrown);
    const field = { field: `${side}_key_id`, description: message };
    throw new Refusal(reason, {
      ...(reason === 'INVALID_REQUEST'
        ? { sentence: `${field.field} ${message}`, fields: [field] }
        : { sentence: message === sentenceFor(reason, '') ? sentenceFor(reason, side) : message }),
      side,
      kmsError,
      kmsRequestId,
      retryAfterMs,
      cause,
    });
  });
}
