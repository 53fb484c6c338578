import { describe, expect, test } from 'vitest';
import { expectHeld, expectWell, injected, mustTrace } from '../faults/audit/inject.ts';
import {
  fillDisk,
  mustMount,
  storm,
  TOUCHES,
  type Touch,
  touchLiveFile,
} from '../faults/audit/meddle.ts';

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

  test.skipIf(!mustMount)('a disk that is full is an outage until it is freed', () =>
    fillDisk({ ...LOAD, ms: 3_000 }),
  );

  test.skipIf(!mustTrace).each([
    ['a write', { set: 'write', when: '30..32' }],
    ['a sync', { set: 'fdatasync', when: '30..32' }],
  ])('%s that fails is an outage until the disk is well, and loses nothing', async (what, call) => {
    const result = await injected({ ...LOAD, call, fault: 'error=EIO' });
    expect(result.injections).toBeGreaterThan(0);
    expect(result.writer.said.get('suspended'), result.writer.stderr()).toBe('EIO');
    expectHeld(result, what);
    expectWell(result.writer, what);
  });
});
