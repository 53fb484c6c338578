import { expect, it } from 'vitest';
import { createTokenBucket } from '../../src/limits/token-bucket.ts';

it('what is given back never makes more than the burst', () => {
  const bucket = createTokenBucket({ perSecond: 1, burst: 2 });
  bucket.giveBack();
  expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([0, 0, 1000]);
  bucket.giveBack();
  expect([bucket.take(0), bucket.take(0)]).toEqual([0, 1000]);
});

it('a clock that steps back adds nothing and takes nothing', () => {
  const bucket = createTokenBucket({ perSecond: 1, burst: 1 });
  expect([bucket.take(5000), bucket.take(1000), bucket.take(5500)]).toEqual([0, 1000, 500]);
  expect(bucket.take(6000)).toBe(0);
});
