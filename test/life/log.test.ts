import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { openLog, openPrint } from '../../src/life/log.ts';

/** A stream whose reader takes nothing until it is told to. */
function stuckStream() {
  const read: string[] = [];
  const waiting: (() => void)[] = [];
  let stuck = true;
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      const take = () => {
        read.push(String(chunk));
        done();
      };
      if (stuck) waiting.push(take);
      else take();
    },
  });
  const readOn = async () => {
    stuck = false;
    const drained = new Promise((resolve) => stream.once('drain', resolve));
    for (const take of waiting.splice(0)) take();
    await drained;
  };
  return { stream, read, readOn };
}

const LINE = 'x'.repeat(1_000);

describe('log', () => {
  test('keeps what a stuck reader has not read, up to a bound, and reports how many lines were lost', async () => {
    const { stream, read, readOn } = stuckStream();
    const log = openLog(stream);
    for (let line = 0; line < 1_000; line += 1) log.info({ line }, LINE);
    expect(stream.writableLength).toBeLessThanOrEqual(256 << 10);
    await readOn();
    const lines = read.map((line) => JSON.parse(line));
    const last = lines.at(-1);
    expect(last).toMatchObject({ level: 40, msg: 'lines were lost: nobody read standard error' });
    expect(lines.length - 1 + last.lines).toBe(1_000);
    expect(lines.slice(0, -1).map(({ line }) => line)).toEqual([...lines.slice(1).keys()]);
  });

  test('writes again, and reports no loss, once all has been read', async () => {
    const { stream, read, readOn } = stuckStream();
    const log = openLog(stream);
    for (let line = 0; line < 1_000; line += 1) log.info(LINE);
    await readOn();
    const before = read.length;
    for (let line = 0; line < 100; line += 1) log.info({ line }, LINE);
    expect(read.slice(before).map((line) => JSON.parse(line).line)).toEqual([...Array(100).keys()]);
  });

  test('reports how many lines standard output has lost', async () => {
    const out = stuckStream();
    const told: unknown[] = [];
    const err = { write: (line: string) => told.push(JSON.parse(line)) };
    const print = openPrint(out.stream, openLog(Object.assign(new Writable(), err)));
    for (let line = 0; line < 300; line += 1) print(LINE);
    await out.readOn();
    const lost = 300 - out.read.length;
    expect(lost).toBeGreaterThan(0);
    expect(out.read.every((line) => line === `${LINE}\n`)).toBe(true);
    expect(told).toMatchObject([
      { lines: lost, msg: 'lines were lost: nobody read standard output' },
    ]);
  });
});
