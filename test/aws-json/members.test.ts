import { expect, it } from 'vitest';
import { readInteger, readTimestamp } from '../../src/aws-json/members.ts';

it.each([
  [1_735_689_600, '2025-01-01T00:00:00.000Z'],
  [1_735_689_600.5, '2025-01-01T00:00:00.500Z'],
  ['2025-01-01T00:00:00Z', '2025-01-01T00:00:00.000Z'],
])('reads %s as the time %s', (json, time) => {
  expect(readTimestamp(json).toISOString()).toBe(time);
});

it.each([['tomorrow'], [1e300]])('refuses %s as a time', (json) => {
  expect(() => readTimestamp(json)).toThrow('Unparseable timestamp');
});

it('cuts a number to an integer, as AWS does, and refuses what is none', () => {
  expect(readInteger(7.9)).toBe(7);
  expect(() => readInteger('7')).toThrow('STRING_VALUE can not be converted to an Integer');
});
