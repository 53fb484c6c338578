import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBag } from '../../../src/server/watches/bag.ts';

const named = (name: number) => ({ name, place: 0 });
const names = (values: readonly { name: number }[]) => values.map(({ name }) => name).sort();

test('holds what was put in and not taken, in any order, and takes nothing from another bag', () => {
  const step = fc.record({ put: fc.boolean(), name: fc.nat(4) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
      const bag = createBag<ReturnType<typeof named>>();
      const other = createBag<ReturnType<typeof named>>();
      const mine = [0, 1, 2, 3, 4].map(named);
      for (const value of mine.map(({ name }) => named(name))) other.put(value);
      const held = new Set<number>();
      for (const { put, name } of steps) {
        const value = mine[name] ?? expect.fail();
        other.take(value);
        if (!put) bag.take(value);
        else if (!held.has(name)) bag.put(value);
        if (put) held.add(name);
        else held.delete(name);
        expect(names(bag.all())).toEqual([...held].sort());
      }
      expect(names(other.all())).toEqual([0, 1, 2, 3, 4]);
    }),
  );
});
