import { expect, test } from 'vitest';
import { reportTrials, trials } from '../trials.ts';
import { fillDisk, mustMount, storm, TOUCHES, type Touch, touchLiveFile } from './meddle.ts';

test.each(Object.keys(TOUCHES) as Touch[])(
  'F7: %s under load is noticed within a second, and nothing else is lost',
  async (name) => {
    const noticed = await times(20, () => touchLiveFile(name));
    const worst = Math.round(Math.max(...noticed));
    reportTrials({
      fault: `audit F7 ${name}`,
      trials: noticed.length,
      injections: noticed.length,
      ...{ noticed_ms_max: worst },
    });
    expect(worst).toBeLessThan(1_000);
  },
);

test('F8: rotation by size and storms of SIGHUPs under load lose or repeat no entry', async () => {
  const rotations = await times(20, () => storm());
  const sum = rotations.reduce((one, other) => one + other, 0);
  reportTrials({ fault: 'audit F8 rotations', trials: rotations.length, injections: sum });
});

test.skipIf(!mustMount)(
  'F4: a full disk refuses calls, which are served again once it is freed',
  async () => {
    const { length } = await times(50, () => fillDisk());
    reportTrials({ fault: 'audit F4 full disk', trials: length, injections: length });
  },
);

/** One after the other, so that each has the machine to itself. */
async function times<T>(all: number, trial: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (const count = trials(all); results.length < count; ) results.push(await trial());
  return results;
}
