import type { Side } from '../../call.ts';
import { Refusal } from '../../errors.ts';
import type { KmsRequest } from '../request.ts';

/** The rate of each key; `limits/keyed-buckets.ts` is one. */
export interface KeyTokens {
  /** Takes a token of a key and returns 0, or the milliseconds until there is one. */
  take(keyArn: string, nowMs: number): number;
  giveBack(keyArn: string): void;
}

/** Takes one of each key, or none: who asks too much of one must not use up the other's. @throws Refusal LIMITED */
export function takeKeyTokens(
  tokens: KeyTokens,
  { source, destination }: KmsRequest['judged'],
  nowMs: number,
): void {
  const sourceWaitMs = tokens.take(source, nowMs);
  if (sourceWaitMs > 0) throw overKeyLimit('source', source, sourceWaitMs);
  const waitMs = tokens.take(destination, nowMs);
  if (waitMs === 0) return;
  tokens.giveBack(source);
  throw overKeyLimit('destination', destination, waitMs);
}

/** Calls that leave the source key to KMS share one rate, or leaving it out would get round that of the key. */
function overKeyLimit(side: Side, keyArn: string, waitMs: number): Refusal {
  const which = keyArn === '' ? 'that name no source key' : `for the ${side} key`;
  return new Refusal('LIMITED', {
    sentence: `The proxy limits requests: too many a second ${which}.`,
    side,
    retryAfterMs: waitMs,
  });
}
