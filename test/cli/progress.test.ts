import { Readable, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createProgress } from '../../src/cli/progress.ts';

type Shown = readonly [part: number, columns?: number | undefined, told?: string];

/** What is written for each of `parts`, two minutes after the one before, on a terminal of so many columns. */
function shown(
  parts: readonly Shown[],
  { isTTY = true, total = 4e9, afterMs = 120_000, cleared = false } = {},
) {
  const lines: string[] = [];
  const write = (text: Buffer, _: string, done: () => void) => {
    lines.push(String(text));
    done();
  };
  const stderr = Object.assign(new Writable({ write }), { isTTY, columns: 0 });
  const terminal = { stdin: Readable.from([]), stdout: stderr, stderr, env: {} };
  let now = 0;
  const progress = createProgress(terminal, total, () => now);
  for (const [part, columns, told] of parts) {
    now += afterMs;
    Object.assign(stderr, { columns });
    progress.show(part * 4e9, told);
  }
  if (cleared) progress.clear();
  return lines;
}

test('the bar shows how far the work is', () => {
  expect(shown([[0.5, 120]])).toEqual([
    `\r[${'#'.repeat(15)}${'.'.repeat(15)}] 50 % of 4000 MB\u001b[K`,
  ]);
});

test.each([undefined, 0, 10, 17, 18, 20, 30, 40, 200])(
  'the bar leaves the last of %s columns free, even after a resize',
  (columns) => {
    const [, last = ''] = shown([
      [0.1, 100],
      [0.999, columns],
    ]);
    const line = last.slice('\r'.length, -'\u001b[K'.length);
    expect(line.length).toBeLessThan(columns || 80);
    expect(line).toContain('99 % of 4000 MB'.slice(0, (columns || 80) - 1));
  },
);

test('a job that names its items shows them behind the bar', () => {
  expect(shown([[0.5, 120, '7 items']])[0]).toContain('] 50 % of 4000 MB, 7 items\u001b[K');
});

test('a job whose end is not known shows its items alone', () => {
  expect(shown([[0.5, 120, '7 items']], { total: 0 })).toEqual(['\r7 items\u001b[K']);
});

test('a terminal is not written to more often than ten times a second', () => {
  const often = Array.from({ length: 3_000 }, (): Shown => [0.5, 120]);
  expect(shown(often, { afterMs: 1 })).toHaveLength(21);
});

test('what is no terminal gets a line a minute', () => {
  const seconds = Array.from({ length: 150 }, (_, second): Shown => [0.5, undefined, `${second}`]);
  expect(shown(seconds, { isTTY: false, afterMs: 1_000 })).toEqual([
    '50 % of 4000 MB, 59\n',
    '50 % of 4000 MB, 119\n',
  ]);
});

test('work of less than a second shows nothing, and leaves nothing to clear', () => {
  expect(
    shown(
      [
        [0.5, 120],
        [1, 120],
      ],
      { afterMs: 400, cleared: true },
    ),
  ).toEqual([]);
});

test('the bar is cleared once', () => {
  expect(shown([[0.5, 120]], { cleared: true }).at(-1)).toBe('\r\u001b[K');
});
