import { expect, it, vi } from 'vitest';
import { keepFailure } from '../../src/caches/keep-failure.ts';

it('fails for a second without asking again, and then asks with each call that does not fail', async () => {
  let at = 0;
  const ask = vi.fn(async (good: boolean) => {
    if (!good) throw new Error('away');
    return 'here';
  });
  const asked = keepFailure(ask, () => at);
  await expect(asked(false)).rejects.toThrow('away');
  at = 999;
  await expect(asked(true)).rejects.toThrow('away');
  expect(ask).toHaveBeenCalledTimes(1);
  at = 1_000;
  expect(await asked(true)).toBe('here');
  expect(await asked(true)).toBe('here');
  expect(ask).toHaveBeenCalledTimes(3);
});
