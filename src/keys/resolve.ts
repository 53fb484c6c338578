import type { KeyFacts, Progress, ResolvedKeys, Side } from '../call.ts';
import { Refusal, toRefusal } from '../errors.ts';
import type { LookUp } from './cache.ts';
import { UNKNOWN_KEY } from './look-up.ts';

/**
 * Both key ids → key facts. In the result phase the source is the key that KMS reported, and the
 * destination stays the one that was judged, whatever its alias points at by now.
 */
export function createResolve(lookUp: LookUp) {
  return async ({ call, keys, answer }: Progress): Promise<ResolvedKeys> => {
    if (keys && answer) {
      const reported = await sided('source', lookUp(answer.sourceKeyArn, call.signal));
      const source: KeyFacts = { ...reported, requestedKeyId: '', keyIdForm: '' };
      return { source: Object.freeze(source), destination: keys.destination };
    }
    const [source, destination] = await Promise.all([
      call.source.keyId === ''
        ? UNKNOWN_KEY
        : sided('source', lookUp(call.source.keyId, call.signal)),
      sided('destination', lookUp(call.destination.keyId, call.signal)),
    ]);
    return { source, destination };
  };
}

/** Names the side, and for what the caller wrote wrongly also the field. */
function sided(side: Side, facts: Promise<KeyFacts>): Promise<KeyFacts> {
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
