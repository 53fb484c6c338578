import type { Side } from '../../call.ts';
import { Refusal } from '../../errors.ts';
import type { KmsRequest } from '../request.ts';

/** The rate of each key; `limits/keyed-buckets.ts` is one. */
export interface KeyTokens {
  /** Takes a token of a key and returns 0, or the milliseconds until there is one. */
  take(keyId: string, nowMs: number): number;
  giveBack(keyId: string): void;
}

/** Takes one of each key, or none: who asks too much of one must not use up the other's. @throws Refusal LIMITED */
export function takeKeyTokens(
  tokens: KeyTokens,
  { source, destination }: Pick<KmsRequest, 'source' | 'destination'>,
  nowMs: number,
): void {
  const sourceWaitMs = tokens.take(source.keyId, nowMs);
  if (sourceWaitMs > 0) throw overKeyLimit('source', source.keyId, sourceWaitMs);
  const waitMs = tokens.take(destination.keyId, nowMs);
  if (waitMs === 0) return;
  tokens.giveBack(source.keyId);
  throw overKeyLimit('destination', destination.keyId, waitMs);
}

/** Calls that leave the source key to KMS share one rate, or leaving it out would get round that of the key. */
function overKeyLimit(side: Side, keyId: string, waitMs: number): Refusal {
  const which = keyId === '' ? 'that name no source key' : `for the ${side} key`;
  return new Refusal('LIMITED', {
    sentence: `The proxy limits requests: too many a second ${which}.`,
    side,
    retryAfterMs: waitMs,
  });
}
