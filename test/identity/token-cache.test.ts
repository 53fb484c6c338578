import { expect, test } from 'vitest';
import { ANONYMOUS } from '../../src/identity/principal.ts';
import { createTokenCache } from '../../src/identity/token-cache.ts';

test('at most 1,000 tokens are kept, and the oldest goes first', () => {
  const cache = createTokenCache(() => 0);
  const verified = { principal: ANONYMOUS, untilMs: 1, generation: 1 };
  for (let n = 0; n <= 1000; n += 1) cache.set(`token ${n}`, verified);
  expect([0, 1, 1000].map((n) => cache.get(`token ${n}`, 1))).toEqual([
    undefined,
    ANONYMOUS,
    ANONYMOUS,
  ]);
});
