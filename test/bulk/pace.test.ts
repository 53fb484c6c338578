import { expect, test } from 'vitest';
import { createPace, itemsAtOnce } from '../../src/bulk/pace.ts';

test.each([
  [0.5, 1],
  [1, 1],
  [7.9, 7],
  [1e9, 1e9],
  [0, Number.POSITIVE_INFINITY],
])('at %d per second a batch has at most %d items', (perSecond, most) => {
  expect(itemsAtOnce(perSecond)).toBe(most);
});

test('batches that wait at the same time go one by one', async () => {
  const pace = createPace(100);
  const began = performance.now();
  await Promise.all([pace(10), pace(10), pace(10)]);
  // Two turns of 100 ms; a timer counts from when the event loop last looked at the clock.
  expect(performance.now() - began).toBeGreaterThan(150);
});

test('a pause longer than a timer can run is not skipped', async () => {
  const pace = createPace(1e-9);
  await pace(1);
  const waited = await Promise.race([
    pace(1).then(() => 'no'),
    new Promise((done) => setTimeout(done, 50, 'yes')),
  ]);
  expect(waited).toBe('yes');
});
