import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRenewed } from '../../src/client/renewed.ts';

let folder: string;
let file: string;
let made: number;
let closed: number[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'renewed-'));
  file = join(folder, 'cert.pem');
  writeFileSync(file, 'first');
  [made, closed] = [0, []];
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
});
afterEach(() => vi.useRealTimers());

const make = () => {
  made += 1;
  const number = made;
  return { number, close: () => void closed.push(number) };
};

test('what is made of files is made again only once one has changed, and looked for once a second', () => {
  const renewed = createRenewed([file], make);
  const later = (ms: number) => {
    vi.advanceTimersByTime(ms);
    return renewed.current().number;
  };
  expect(later(1_001)).toBe(1);
  writeFileSync(file, 'the second');
  expect(later(999)).toBe(1);
  expect(later(1)).toBe(2);
  expect(later(1_000)).toBe(2);
  expect(made).toBe(2);
  // Calls may still wait for its connection.
  expect(closed).toEqual([]);
  later(60_000);
  expect(closed).toEqual([1]);
});

test('what was made stays while its files cannot be used', () => {
  const renewed = createRenewed([file], () => {
    if (made === 1) throw new Error('half written');
    return make();
  });
  writeFileSync(file, 'the second');
  vi.advanceTimersByTime(1_000);
  expect(renewed.current().number).toBe(1);
  vi.advanceTimersByTime(60_000);
  expect(closed).toEqual([]);
});
