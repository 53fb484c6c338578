import { putLast } from '../caches/put-last.ts';
import { type BucketLimits, createTokenBucket, type TokenBucket } from './token-bucket.ts';

/** More keys than a sidecar ever meets; beyond that, the oldest bucket is dropped. */
const MOST = 10_000;

interface KeyedBuckets {
  take(name: string, nowMs: number): number;
  giveBack(name: string): void;
}

/** A token bucket for each name, such as a key ARN; both work as in a single bucket. */
export function createKeyedBuckets(limits: BucketLimits): KeyedBuckets {
  const buckets = new Map<string, TokenBucket>();

  return {
    take(name, nowMs) {
      if (limits.perSecond === 0) return 0;
      const bucket = buckets.get(name) ?? createTokenBucket(limits);
      if (!buckets.has(name)) putLast(buckets, [name, bucket], MOST);
      return bucket.take(nowMs);
    },
    giveBack: (name) => buckets.get(name)?.giveBack(),
  };
}
