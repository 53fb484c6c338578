import process from 'node:process';
import { test } from 'vitest';
import { reportTrials, trials } from '../trials.ts';

// The same tests as in the quick suite, with all of their trials.
Object.assign(process.env, {
  FAULT_MUTATIONS: String(trials(5_000)),
  FAULT_CUT_STEP: trials(10) === 10 ? '1' : '13',
  FAULT_CUTS: String(trials(400)),
  FAULT_STEPS: String(trials(100)),
});
await import('../../audit/tampering.test.ts');
await import('../../audit/power-cut.test.ts');

test('F2, F3: the trials are reported', () => {
  const mutations = trials(5_000);
  reportTrials({ fault: 'audit F3 mutations', trials: mutations, injections: mutations });
});
