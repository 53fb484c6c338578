import type { KeyFacts, Progress, ResolvedKeys, Side } from '../call.ts';
import { Refusal, toRefusal } from '../errors.ts';
import type { CachedLookUp } from './cache.ts';
import { UNKNOWN_KEY } from './look-up.ts';

/**
 * Both key ids → key facts. In the result phase the source is the key that KMS reported, and the
 * destination stays the one that was judged, whatever its alias points at by now.
 */
export function createResolve(lookUp: CachedLookUp) {
  const reported = new WeakMap<KeyFacts, KeyFacts>();

  return async ({ call, keys, answer }: Progress): Promise<ResolvedKeys> => {
    const { signal } = call;
    if (keys && answer) {
      const facts = await find('source', lookUp(answer.sourceKeyArn, signal));
      return { source: asReported(facts), destination: keys.destination };
    }
    const wanted = [
      call.source.keyId === '' ? UNKNOWN_KEY : find('source', lookUp(call.source.keyId, signal)),
      find('destination', lookUp(call.destination.keyId, signal)),
    ] as const;
    const [source, destination] = isHere(wanted) ? wanted : await Promise.all(wanted);
    return { source, destination };
  };

  /** Nobody requested it: the one object of a key lives as long as its facts, and is framed once. */
  function asReported(facts: KeyFacts): KeyFacts {
    const known = reported.get(facts);
    if (known) return known;
    const source = Object.freeze({ ...facts, requestedKeyId: '', keyIdForm: '' } as const);
    reported.set(facts, source);
    return source;
  }
}

type Pair<T> = readonly [T, T];

function isHere(wanted: Pair<KeyFacts | Promise<KeyFacts>>): wanted is Pair<KeyFacts> {
  return !wanted.some((facts) => facts instanceof Promise);
}

/** Names the side, and for what the caller wrote wrongly also the field. */
function find(side: Side, facts: KeyFacts | Promise<KeyFacts>): KeyFacts | Promise<KeyFacts> {
  if (!(facts instanceof Promise)) return facts;
  return facts.catch((thrown: unknown) => {
    const { reason, message, kmsError, kmsRequestId, retryAfterMs, cause } = toRefusal(thrown);
    const field = { field: `${side}_key_id`, description: message };
    throw new Refusal(reason, {
      ...(reason === 'INVALID_REQUEST'
        ? { sentence: `${field.field} ${message}`, fields: [field] }
        : { sentence: message }),
      side,
      kmsError,
      kmsRequestId,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      cause,
    });
  });
}
