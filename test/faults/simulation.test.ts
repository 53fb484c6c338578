import { expect, test } from 'vitest';
import { simulate } from '../simulation/simulate.ts';
import { reportTrials, SEED, trials } from './trials.ts';

test('F20: in every world of mixed faults the core keeps its promises', async () => {
  const seeds = trials(10_000);
  let injections = 0;
  const broken: string[] = [];
  for (let seed = SEED; seed < SEED + seeds; seed += 1) {
    const outcome = await simulate(seed);
    injections += outcome.injections;
    for (const promise of outcome.broken) broken.push(`seed ${seed}: ${promise}`);
  }
  expect(broken).toEqual([]);
  reportTrials({ fault: 'F20', trials: seeds, injections });
});
