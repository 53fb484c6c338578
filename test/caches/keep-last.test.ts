import { expect, it, vi } from 'vitest';
import { keepLast } from '../../src/caches/keep-last.ts';

it('makes anew what is not asked for twice in a row, and nothing else', () => {
  const make = vi.fn((input: string) => ({ input }));
  const made = keepLast(make);
  const first = made('a');
  expect(made('a')).toBe(first);
  expect(made('b')).toEqual({ input: 'b' });
  expect(made('a')).toEqual({ input: 'a' });
  expect(make.mock.calls).toEqual([['a'], ['b'], ['a']]);
});

it('keeps what is undefined, and nothing that could not be made', () => {
  const make = vi.fn((input: string) => {
    if (input === '') throw new Error('none');
  });
  const made = keepLast(make);
  made('a');
  expect(() => made('')).toThrow('none');
  made('a');
  expect(make).toHaveBeenCalledTimes(2);
});
