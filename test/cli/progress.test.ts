import { Readable, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createProgress } from '../../src/cli/progress.ts';

/** The line after each of `parts`, on a terminal that has `columns` columns by then. */
function shown(parts: readonly (readonly [part: number, columns: number | undefined])[]) {
  const lines: string[] = [];
  const write = (text: Buffer, _: string, done: () => void) => {
    lines.push(String(text));
    done();
  };
  const stderr = Object.assign(new Writable({ write }), { isTTY: true, columns: 0 });
  const terminal = { stdin: Readable.from([]), stdout: stderr, stderr, env: {} };
  const progress = createProgress(terminal, { total: 4e9, worthShowing: 1 });
  for (const [part, columns] of parts) {
    Object.assign(stderr, { columns });
    progress.show(part * 4e9);
  }
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
