import { expect, it, vi } from 'vitest';
import { watch } from '../../../src/policy/sources/watch.ts';

it('once stopped, neither checks nor looks again, even if it was looking', async () => {
  let see: (fingerprint: string) => void = () => {};
  const seen = new Promise<string>((resolve) => {
    see = resolve;
  });
  const fingerprint = vi.fn(() => seen);
  const check = vi.fn(async () => true);
  const { stop } = watch({ fingerprint, fetched: () => 'old', intervalMs: 1, check });
  stop();
  see('new');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect([fingerprint, check].map(({ mock }) => mock.calls.length)).toEqual([1, 0]);
});
