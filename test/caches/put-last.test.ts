import { expect, it } from 'vitest';
import { putLast } from '../../src/caches/put-last.ts';

it('what is put again is the last to be dropped', () => {
  const entries = new Map<string, number>();
  for (const key of ['a', 'b', 'a', 'c']) putLast(entries, [key, entries.size], 2);
  expect([...entries.keys()]).toEqual(['a', 'c']);
});
