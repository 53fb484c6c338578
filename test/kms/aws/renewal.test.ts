import { expect, it, vi } from 'vitest';
import { createRenewal } from '../../../src/kms/aws/renewal.ts';

interface Options {
  readonly forceRefresh?: boolean;
}

it('asks anew once after a rejection, and again only if that was more than a second ago', async () => {
  let at = 0;
  const renewal = createRenewal(() => at);
  const asked = vi.fn(async (options?: Options) => options?.forceRefresh ?? false);
  const provide = renewal.wrap(asked);
  renewal.note('AccessDeniedException');
  expect(await provide()).toBe(false);
  renewal.note('ExpiredTokenException');
  expect(await Promise.all([provide(), provide()])).toEqual([true, true]);
  at = 999;
  renewal.note('ExpiredTokenException');
  expect(await provide()).toBe(false);
  at = 1_000;
  renewal.note('ExpiredTokenException');
  expect(await provide()).toBe(true);
});

it('stays due until credentials have come', async () => {
  const renewal = createRenewal(() => 0);
  let away = true;
  const provide = renewal.wrap(async (options?: Options) => {
    if (away) throw new Error('away');
    return options?.forceRefresh ?? false;
  });
  renewal.note('UnrecognizedClientException');
  await expect(provide()).rejects.toThrow('away');
  away = false;
  expect(await provide()).toBe(true);
  expect(renewal.isDue()).toBe(false);
});
