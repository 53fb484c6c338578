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

const LOAD = { inFlight: 2 };

describe.concurrent('with real processes on a real disk (once each; the fault suite runs dozens)', () => {
  test.each(Object.keys(TOUCHES) as Touch[])(
    'an attempt to %s the live file under load is noticed, and its entries are accounted for',
    async (name) => {
      await touchLiveFile(name, LOAD);
    },
  );

  test('rotation by size and a storm of SIGHUPs lose nothing', async () => {
    await storm(10, LOAD);
  });

  test.skipIf(!mustMount)('a full disk is an outage until space is freed', () => fillDisk(LOAD));

  test.skipIf(!mustTrace).each([
    ['a write', { set: 'write', when: '30..32' }],
    ['a sync', { set: 'fdatasync', when: '30..32' }],
  ])('%s that fails is an outage until the disk recovers; nothing is lost', async (what, call) => {
    const result = await injected({ ...LOAD, ms: 1_500, call, fault: 'error=EIO' });
    expect(result.injections).toBeGreaterThan(0);
    expect(result.writer.said.get('suspended'), result.writer.stderr()).toBe('EIO');
    expectHeld(result, what);
    expectWell(result.writer, what);
  });
});
