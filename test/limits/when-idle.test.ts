import { expect, test } from 'vitest';
import { whenIdle } from '../../src/limits/when-idle.ts';

test('calls that have a place or wait for one are waited for, but no longer than is said', async () => {
  const admission = { inFlight: 1, waiting: 1 };
  const told: string[] = [];
  const idle = whenIdle(admission, 60_000).then(() => told.push('idle'));
  await whenIdle(admission, 20);
  admission.inFlight = 0;
  await whenIdle(admission, 20);
  expect(told).toEqual([]);
  admission.waiting = 0;
  await idle;
  expect(told).toEqual(['idle']);
});
