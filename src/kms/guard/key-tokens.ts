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
  if (sourceWaitMs > 0) throw overKeyLimit('source', sourceWaitMs);
  const waitMs = tokens.take(destination.keyId, nowMs);
  if (waitMs === 0) return;
  tokens.giveBack(source.keyId);
  throw overKeyLimit('destination', waitMs);
}

function overKeyLimit(side: Side, waitMs: number): Refusal {
  return new Refusal('LIMITED', {
    sentence: `The proxy limits requests: too many a second for the ${side} key.`,
    side,
    retryAfterMs: waitMs,
  });
}
