import { describe, expect, test } from 'vitest';
import { injected, mustTrace } from '../faults/audit/inject.ts';
import {
  canMount,
  fillDisk,
  storm,
  TOUCHES,
  type Touch,
  touchLiveFile,
} from '../faults/audit/meddle.ts';
import { lostOf } from '../faults/audit/process.ts';

const LOAD = { inFlight: 2, ms: 1_500 };

describe.concurrent('once each, by real processes on a real disk; the fault suite has them by the dozen', () => {
  test.each(Object.keys(TOUCHES) as Touch[])(
    'to %s the live file under load is noticed, and what was in it is accounted for',
    async (name) => {
      await touchLiveFile(name, LOAD);
    },
  );

  test('rotation by size and a storm of SIGHUP lose nothing', async () => {
    await storm(10, LOAD);
  });

  test.skipIf(!canMount)('a disk that is full is an outage until it is freed', () =>
    fillDisk(LOAD),
  );

  test.skipIf(!mustTrace).each([
    ['a write', { set: 'write', when: '30..32' }],
    ['a sync', { set: 'fdatasync', when: '30..32' }],
  ])('%s that fails is an outage until the disk is well, and loses nothing', async (_, call) => {
    const { writer, injections, verdict, recorded } = await injected({
      ...LOAD,
      call,
      fault: 'error=EIO',
    });
    expect(injections).toBeGreaterThan(0);
    expect(writer.said.get('suspended'), writer.stderr()).toBe('EIO');
    expect(writer.said.get('state')).toBe('ok');
    expect(verdict.problem).toBeUndefined();
    expect(lostOf(writer, recorded)).toBe(0);
    expect(recorded.twice).toBe(0);
  });
});
