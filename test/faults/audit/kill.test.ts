import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createRandom } from '../../audit/fault-world.ts';
import { createFolder, verify } from '../../audit/world.ts';
import { reportTrials, SEED, trials } from '../trials.ts';
import { AHEAD, lostOf, readRecorded, startWriter } from './process.ts';

const TRIALS = trials(500);
const PER_LOG = 25;

// All 500 take more than the ten minutes that other tests get.
vi.setConfig({ testTimeout: Math.max(600_000, TRIALS * 4_000) });

test(`F1: ${TRIALS} × SIGKILL under load: nothing acknowledged is lost, the chain is intact, a start takes at most 1 s`, async () => {
  const random = createRandom(SEED);
  const total = { acknowledged: 0, lost: 0, twice: 0, broken: 0, killed: 0, torn: 0 };
  const starts: number[] = [];
  for (let done = 0; done < TRIALS; ) {
    await using folder = createFolder();
    const { file } = folder;
    for (let turn = 0; turn < PER_LOG && done < TRIALS; turn += 1, done += 1) {
      const writer = startWriter({
        file,
        firstCall: done * 1_000_000,
        options: { maxBytes: 400_000 },
        under: AHEAD,
      });
      await writer.until('ready');
      starts.push(Number(writer.said.get('ready')));
      await setTimeout(random(250));
      writer.child.kill('SIGKILL');
      await writer.ended();
      total.killed += writer.child.signalCode === 'SIGKILL' ? 1 : 0;
      const verdict = verify(file);
      const recorded = readRecorded(file);
      total.acknowledged += writer.intents.size + writer.terminals.size;
      total.lost += lostOf(writer, recorded);
      total.twice += recorded.twice;
      total.torn += verdict.state === 'torn' ? 1 : 0;
      total.broken += verdict.problem ? 1 : 0;
      expect(verdict.problem, `seed ${SEED}, trial ${done}`).toBeUndefined();
    }
  }
  starts.sort((a, b) => a - b);
  const slowest = starts.at(-1) ?? 0;
  const median = starts[starts.length >> 1];
  const slow = starts.filter((ms) => ms > 1_000).length;
  reportTrials({
    ...{ fault: 'audit F1 SIGKILL', trials: TRIALS, injections: total.killed },
    ...{ ...total, start_ms_median: median, start_ms_max: slowest, starts_over_1s: slow },
    ahead: AHEAD.length > 0,
  });
  expect(total).toMatchObject({ lost: 0, twice: 0, broken: 0 });
  expect(slowest).toBeLessThanOrEqual(1_000);
});
