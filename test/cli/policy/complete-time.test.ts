import { expect, it } from 'vitest';
import { completeInput } from '../../../src/cli/policy/complete-input.ts';

/** A Saturday. */
const NOON = 1_767_441_600_000;
const SATURDAY = { unix_ms: NOON, weekday: 'Saturday', hour_utc: 12 };

it.each([
  { rfc3339: '2026-01-03T12:00:00Z' },
  { rfc3339: '2026-01-03T13:00:00+01:00' },
  { unix_ms: NOON },
  { unix_ms: NOON, rfc3339: '2026-01-03T12:00:00.000Z', weekday: 'Saturday', hour_utc: 12 },
])('a moment sets all other time fields: %j', (time) => {
  expect(completeInput({ time }).time).toEqual({
    ...SATURDAY,
    rfc3339: '2026-01-03T12:00:00.000Z',
  });
});

it.each([
  [{ hour_utc: 23 }, '2026-01-05T23:00:00.000Z'],
  [{ hour_utc: 3 }, '2026-01-12T03:00:00.000Z'],
  [{ weekday: 'Sunday' }, '2026-01-11T09:00:00.000Z'],
  [{ weekday: 'Sunday', hour_utc: 0 }, '2026-01-11T00:00:00.000Z'],
  [{}, '2026-01-05T09:00:00.000Z'],
])('%j is the next such moment, for the clock of the policy too', (time, rfc3339) => {
  const completed = completeInput({ time }).time;
  expect(completed).toMatchObject({ ...time, rfc3339, unix_ms: Date.parse(rfc3339) });
});

it.each([
  [{ rfc3339: 'noon' }, 'is not a time'],
  [{ rfc3339: '2026-01-03T12:00:00Z', unix_ms: NOON + 1 }, '/time/rfc3339 must be 2026-01-03T12'],
  [{ unix_ms: NOON, weekday: 'Monday' }, '/time/weekday must be Saturday'],
  [{ rfc3339: '2026-01-03T12:00:00Z', hour_utc: 3 }, '/time/hour_utc must be 12'],
  [{ hour_utc: 24 }, 'no hour 24 on a Monday'],
  [{ weekday: 'monday' }, 'no hour 9 on a monday'],
])('%j is no valid time', (time, why) => {
  expect(() => completeInput({ time })).toThrow(why);
});
