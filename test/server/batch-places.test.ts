import { expect, it } from 'vitest';
import { createBatchPlaces } from '../../src/server/batch-places.ts';

const FULL = 'The proxy limits requests: too many batches in flight.';
const OWN = 'The proxy limits requests: too many batches in flight for this principal.';

it('one principal gets twelve places, and others the rest', () => {
  const { take } = createBatchPlaces();
  for (let n = 0; n < 12; n += 1) take('a');
  expect(() => take('a')).toThrow(OWN);
  for (const other of ['b', 'c', 'd', 'e']) take(other);
  expect(() => take('f')).toThrow(FULL);
});

it('three that want all get five each at most, and a fourth still finds a place', () => {
  const { take } = createBatchPlaces();
  const got = new Map<string, number>();
  for (let round = 0; round < 16; round += 1)
    for (const one of ['a', 'b', 'c']) {
      try {
        take(one);
        got.set(one, (got.get(one) ?? 0) + 1);
      } catch {}
    }
  expect([...got.values()]).toEqual([5, 5, 5]);
  take('d');
});

it('a place that was given back can be taken again, however often', () => {
  const { take } = createBatchPlaces();
  for (let n = 0; n < 100; n += 1) take('a')();
  const mine = Array.from({ length: 12 }, () => take('a'));
  expect(() => take('a')).toThrow(OWN);
  for (const leave of mine) leave();
  for (let n = 0; n < 12; n += 1) take('b');
});
