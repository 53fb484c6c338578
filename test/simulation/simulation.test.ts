import { describe, expect, test } from 'vitest';
import { loadMutant, MUTANTS } from './mutants.ts';
import { CORE, type Core, type Outcome, simulate } from './simulate.ts';

const SEEDS = 30;
const MOST_SEEDS = 150;

test(`the core keeps its promises in ${SEEDS} worlds of faults`, async () => {
  const sum = { calls: 0, released: 0, kmsRequests: 0, injections: 0 };
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const outcome = await simulate(seed);
    expect(outcome.broken, `seed ${seed}`).toEqual([]);
    sum.calls += outcome.calls;
    sum.released += outcome.released;
    sum.kmsRequests += outcome.kmsRequests;
    sum.injections += outcome.injections;
  }
  // A simulation that lets everything or nothing through shows nothing.
  expect(sum.injections).toBeGreaterThan(SEEDS);
  expect(sum.released / sum.calls).toBeGreaterThan(0.1);
  expect(sum.released / sum.kmsRequests).toBeLessThan(0.9);
});

test('the same seed gives the same run', async () => {
  expect(await simulate(7)).toEqual(await simulate(7));
});

describe('a core that', () => {
  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is caught',
    async (_, mutant) => {
      const core = await loadMutant(mutant);
      expect(core).not.toEqual(CORE);
      const { seed, broken } = await firstBroken(core, mutant.breaks);
      expect(broken, `not in ${MOST_SEEDS} seeds`).not.toEqual([]);
      expect(seed).toBeLessThanOrEqual(MOST_SEEDS);
    },
  );
});

async function firstBroken(core: Core, breaks: RegExp) {
  for (let seed = 1; seed <= MOST_SEEDS; seed += 1) {
    const { broken }: Outcome = await simulate(seed, core);
    const found = broken.filter((promise) => breaks.test(promise));
    if (found.length > 0) return { seed, broken: found };
  }
  return { seed: MOST_SEEDS, broken: [] };
}
