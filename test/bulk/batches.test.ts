import { expect, test } from 'vitest';
import { inBatches } from '../../src/bulk/batches.ts';
import type { JobItem } from '../../src/bulk/item.ts';

async function* items(...bytes: readonly number[]): AsyncGenerator<JobItem> {
  for (const [index, size] of bytes.entries()) {
    yield { item: { reference: `${index}`, request: null }, digest: '', bytes: size };
  }
}

const MANY = Array<number>(450).fill(1);

test.each<readonly [string, readonly number[], number, readonly number[]]>([
  ['200 items', MANY, Number.POSITIVE_INFINITY, [200, 200, 50]],
  ['so many as are sent at once', MANY.slice(0, 7), 3, [3, 3, 1]],
  ['200,000 bytes', [90_000, 90_000, 90_000], 9, [2, 1]],
  ['one item, however large', [1, 300_000, 1], 9, [1, 1, 1]],
])('a batch has at most %s', async (_, bytes, atOnce, sizes) => {
  const lengths: number[] = [];
  for await (const { length } of inBatches(items(...bytes), atOnce)) lengths.push(length);
  expect(lengths).toEqual(sizes);
});
