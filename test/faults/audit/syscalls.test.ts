import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { reportTrials, trials } from '../trials.ts';
import { type Call, expectHeld, expectWell, injected, mustTrace } from './inject.ts';
import { watchLoop } from './loop.ts';
import { AHEAD, type Writer } from './process.ts';

/** System calls of the log. The first few of each belong to the start, which may refuse. */
const CALLS: Readonly<Record<string, Call>> = {
  write: { set: 'write', when: '30..32' },
  fdatasync: { set: 'fdatasync', when: '30..32' },
  'fsync before a checkpoint': { set: 'fsync', when: '5..6', unwaited: true },
  // A single one could be the head of a new segment, of which nothing is taken back.
  ftruncate: { set: 'ftruncate', when: '1', first: 'write:error=ENOSPC:when=30..44+7' },
  fstat: { set: '?fstat,?statx', when: '12..13' },
  lstat: { set: '?lstat,?statx,?newfstatat', when: '12..13' },
  rename: { set: '?rename,?renameat', when: '12..13' },
  openat: { set: 'openat', when: '12..13' },
  'fsync of the folder': { set: 'fsync', when: '12..13', anywhere: true },
  'unlink of a closed segment': {
    ...{ set: '?unlink,?unlinkat', when: '12..13' },
    ...{ anywhere: true, retains: true },
  },
};
const FAULTS = ['error=EIO', 'error=ENOSPC', 'error=EINTR', 'delay_enter=400000'] as const;
const ALL = Object.keys(CALLS).flatMap((call) => FAULTS.map((fault) => ({ call, fault })));

test.skipIf(!mustTrace)(
  'F4, F5: when a system call on the live file fails, the log fails closed, recovers, loses nothing',
  async () => {
    const chosen = ALL.slice(0, trials(ALL.length) + 3);
    const injections: Record<string, number> = {};
    for (const { call, fault } of chosen) {
      const what = `${call} ${fault}`;
      const made = CALLS[call] ?? expect.fail(call);
      const options = {
        ...{ maxBytes: 40_000, checkpointEntries: 100 },
        durability: made.unwaited ? 'write' : 'fsync',
        keepSegments: made.retains ? 3 : 0,
      };
      const trial = { call: made, fault, options, ms: 2_500 };
      const result = await injected(trial);
      injections[what] = result.injections;
      expectHeld(result, what, made);
      if (result.writer.said.has('ready')) expectWell(result.writer, what);
    }
    const counts = Object.values(injections);
    reportTrials({
      ...{ fault: 'audit F4/F5 system calls', trials: chosen.length, each: injections },
      injections: counts.reduce((sum, count) => sum + count, 0),
    });
    expect(Math.min(...counts), 'each pair was injected').toBeGreaterThan(0);
  },
);

const HANG = { ms: 12_500, quiet: true };
const syncAt = (when: number): Call => ({ set: 'fdatasync', when: `${when}` });
const delayOf = ({ said }: Writer) => ({
  late: Number(said.get('late')),
  held: Number(said.get('held')),
});

/** A sync that hangs for 10 s, and what it does to a process. */
async function hang(trial: number) {
  const result = await injected(
    { ...HANG, call: syncAt(40 + trial), fault: 'delay_enter=10000000' },
    AHEAD,
  );
  const { writer, injections } = result;
  expect(writer.said.get('suspended'), writer.stderr()).toBe('DEADLINE');
  expect(Number(writer.said.get('dns'))).toBeLessThan(1_000);
  expectWell(writer, `trial ${trial}`);
  expectHeld(result, `trial ${trial}`);
  return { injections, ...delayOf(writer) };
}

test('the measure of the event loop notices that it is held up, and for how long', async () => {
  const delay = watchLoop();
  await setTimeout(50);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
  await setTimeout(50);
  expect(delay().held).toBeGreaterThan(100);
});

test.skipIf(!mustTrace)(
  'F6: a sync that hangs for 10 s suspends the log after 2 s, delays neither event loop nor DNS, and ends well',
  async () => {
    const count = trials(20);
    const results: Awaited<ReturnType<typeof hang>>[] = [];
    // They mostly wait, so several run at once; beside them runs one whose sync does not hang.
    const well = injected({ ...HANG, call: syncAt(40), fault: 'delay_enter=1' }, AHEAD);
    for (let done = 0; done < count; done += 4) {
      const next = Array.from({ length: Math.min(4, count - done) }, (_, index) => done + index);
      results.push(...(await Promise.all(next.map(hang))));
    }
    const worst = (of: 'held' | 'late') => Math.max(...results.map((result) => result[of]));
    const control = delayOf((await well).writer);
    reportTrials({
      fault: 'audit F6 hanging sync',
      trials: count,
      injections: results.reduce((sum, { injections }) => sum + injections, 0),
      ...{ loop_held_ms_max: worst('held'), loop_late_ms_max: worst('late') },
      ...{ unharmed_held_ms_max: control.held, unharmed_late_ms_max: control.late },
    });
    expect(worst('held')).toBeLessThan(50);
  },
);

/** strace counts calls per thread, so the pool has only one. */
const ONE_IN_POOL = ['env', 'UV_THREADPOOL_SIZE=1'];

/** A checkpoint's sync that hangs for 7 s, in a log that does not wait for its disk. */
async function hangAside(trial: number): Promise<number> {
  const options = { durability: 'write', checkpointEntries: 100, checkpointMs: 1_000 };
  const call: Call = { set: 'fsync', when: `${2 + trial}` };
  const result = await injected(
    { ms: 9_500, quiet: true, call, fault: 'delay_enter=7000000', options },
    ONE_IN_POOL,
  );
  const { said, failures, stderr } = result.writer;
  expect(said.get('suspended'), stderr()).toBe('UNSIGNED');
  expect([...failures], 'calls that failed').toEqual([]);
  expect(result.verdict.signed).toBe(result.verdict.size);
  expectWell(result.writer, `trial ${trial}`);
  expectHeld(result, `trial ${trial}`);
  return result.injections;
}

test.skipIf(!mustTrace)(
  'F6: with durability write a sync that hangs for 7 s is reported, and no call waits for it',
  async () => {
    const count = trials(20);
    let injections = 0;
    for (let done = 0; done < count; done += 4) {
      const next = Array.from({ length: Math.min(4, count - done) }, (_, index) => done + index);
      for (const made of await Promise.all(next.map(hangAside))) injections += made;
    }
    reportTrials({ fault: 'audit F6 hanging sync, durability write', trials: count, injections });
    expect(injections).toBe(count);
  },
);
