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

it('an hour or weekday alone replaces only that field', () => {
  const { time: plain } = completeInput({});
  expect(completeInput({ time: { hour_utc: 3 } }).time).toEqual({ ...plain, hour_utc: 3 });
});

it.each([
  [{ rfc3339: 'noon' }, 'is not a time'],
  [{ rfc3339: '2026-01-03T12:00:00Z', unix_ms: NOON + 1 }, '/time/rfc3339 must be 2026-01-03T12'],
  [{ unix_ms: NOON, weekday: 'Monday' }, '/time/weekday must be Saturday'],
  [{ rfc3339: '2026-01-03T12:00:00Z', hour_utc: 3 }, '/time/hour_utc must be 12'],
])('%j is no valid time', (time, why) => {
  expect(() => completeInput({ time })).toThrow(why);
});
