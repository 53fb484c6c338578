import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createNodeDisk, type Disk } from '../../../src/audit/log/disk.ts';
import {
  createDelivery,
  type DeliverOptions,
  type Sink,
} from '../../../src/audit/sinks/deliver.ts';
import { fill, linesOf } from '../fault-world.ts';
import { createFolder, openThreadless } from '../world.ts';

/** Writes and closes a log; returns its number of entries. */
async function writeLog(file: string, calls: number): Promise<number> {
  const audit = await openThreadless(file);
  await fill(audit, calls);
  await audit.close();
  return linesOf(file).starts.length - 1;
}

/** Delivers a log to a sink that keeps the seqs of what it got. */
function deliver(
  file: string,
  { batchBytes, ...changes }: Partial<DeliverOptions> & Pick<Sink, 'batchBytes'>,
) {
  const got: number[] = [];
  const sink: Sink = {
    ...{ name: 'test', batchBytes },
    async send(lines) {
      got.push(...lines.map(({ bytes }) => JSON.parse(bytes.toString()).seq));
    },
  };
  const delivery = createDelivery({
    ...{ disk: createNodeDisk('here'), file, sink, from: 0, written: 0, maxBehind: 100 },
    onDelivered: () => undefined,
    onDropped: () => undefined,
    onError: () => undefined,
    wait: async () => undefined,
    ...changes,
  });
  return { delivery, got };
}

test.concurrent('a sink that is away too long misses the oldest entries, and they are counted', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 20);
  let dropped = 0;
  const { delivery, got } = deliver(folder.file, {
    ...{ batchBytes: 1_000, maxBehind: 10 },
    onDropped(count) {
      dropped += count;
    },
  });
  delivery.advance(total);
  await delivery.close();
  expect(dropped).toBe(total - 10);
  expect(got).toEqual(Array.from({ length: 10 }, (_, i) => total - 10 + i));
});

test.concurrent('entries that were deleted before a sink could read them are counted', async () => {
  await using folder = createFolder();
  const audit = await openThreadless(folder.file, { maxBytes: 8_000 });
  await fill(audit, 24);
  await audit.close();
  const closed = readdirSync(folder.path).filter((name) => /-\d{12}\.jsonl$/.test(name));
  const [first = '', second = ''] = closed.sort();
  rmSync(join(folder.path, first));
  const from = Number(/\d{12}/.exec(second));
  const dropped: number[] = [];
  const onDropped = (count: number) => void dropped.push(count);
  const { delivery, got } = deliver(folder.file, { batchBytes: 1_000, onDropped });
  delivery.advance(from + 2);
  await delivery.close();
  expect([dropped, got]).toEqual([[from], [from, from + 1]]);
});

test.concurrent('a place beyond the end of the log, of another log there, hides no entry from a sink', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 4);
  for (const [kept, first] of [
    [7, 7],
    [total, total],
    [total + 1, 5],
    [10 ** 12, 5],
  ] as const) {
    writeFileSync(`${folder.file}.test`, `${kept}\n`);
    const told: string[] = [];
    const { delivery, got } = deliver(folder.file, {
      ...{ batchBytes: 1_000, from: 5, written: total, maxBehind: total },
      onError: (message) => told.push(message),
    });
    delivery.advance(total);
    await delivery.close();
    expect(got).toEqual(Array.from({ length: total - first }, (_, i) => first + i));
    const lost = `test: it had come to seq ${kept}, which the log has not; it goes on at 5`;
    expect(told).toEqual(kept > total ? [lost] : []);
  }
});

test.concurrent('a sink whose place is garbage says so, and goes on with what is new', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 4);
  for (const garbage of ['', 'seven\n', '-1\n', '9'.repeat(40)]) {
    writeFileSync(`${folder.file}.test`, garbage);
    const told: string[] = [];
    const { delivery, got } = deliver(folder.file, {
      ...{ batchBytes: 1_000, from: 2, written: total, maxBehind: total },
      onError: (message) => told.push(message),
    });
    delivery.advance(total);
    await delivery.close();
    expect(got[0]).toBe(2);
    expect(told).toEqual([expect.stringMatching(/^test: .*; it goes on at 2$/)]);
  }
});

test.concurrent('a sink that had nothing to send at first sends what comes later', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 4);
  const { delivery, got } = deliver(folder.file, {
    ...{ batchBytes: 1_000, maxBehind: total },
    onError: (message) => expect.unreachable(message),
  });
  for (const seq of [0, 0, 3, 3, total]) {
    delivery.advance(seq);
    await turns();
    expect(got).toHaveLength(seq);
  }
  await delivery.close();
});

const turns = () => new Promise(setImmediate);

test.concurrent('a sink whose place cannot be stored delivers all the same, and reports that once', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 4);
  const disk = createNodeDisk('here');
  let stores = 0;
  let full = true;
  const failing: Disk = {
    ...disk,
    open(path, how) {
      if (how === 'create') stores += 1;
      if (how === 'create' && stores > 1 && full) throw new Error('EACCES: made by the test');
      return disk.open(path, how);
    },
  };
  const errors: string[] = [];
  let delivered = 0;
  const { delivery, got } = deliver(folder.file, {
    ...{ batchBytes: 1_000, disk: failing, onError: (message) => errors.push(message) },
    onDelivered: (seq) => {
      delivered = seq;
    },
  });
  const upTo = async (seq: number) => {
    delivery.advance(seq);
    await turns();
    expect(delivered).toBe(seq);
  };
  await upTo(2);
  await upTo(4);
  expect(errors).toEqual(['test: EACCES: made by the test']);
  full = false;
  await upTo(6);
  full = true;
  await upTo(8);
  expect(errors).toHaveLength(2);
  await upTo(total);
  await delivery.close();
  expect(got).toEqual(Array.from({ length: total }, (_, seq) => seq));
});

test.concurrent('a disk fault in the middle of a batch costs a sink no entry', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 4);
  const disk = createNodeDisk('here');
  let reads = 0;
  const failing: Disk = {
    ...disk,
    open(path, how) {
      const file = disk.open(path, how);
      if (path !== folder.file) return file;
      return {
        ...file,
        read(into, position) {
          reads += 1;
          // After two reads of the head and one of the lines: what follows them.
          if (reads === 4) throw new Error('EIO: made by the test');
          return file.read(into, position);
        },
      };
    },
  };
  const { delivery, got } = deliver(folder.file, { batchBytes: 100_000, disk: failing });
  // More than there are, so that it reads on past the last entry.
  delivery.advance(total + 1);
  await delivery.close();
  expect(got).toEqual(Array.from({ length: total }, (_, seq) => seq));
  expect(reads).toBeGreaterThan(4);
});

test.concurrent('a sink that fails is reported each time, and gets the same after ever longer pauses', async ({
  expect,
}) => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 2);
  const errors: string[] = [];
  const pauses: number[] = [];
  const got: number[] = [];
  const send: Sink['send'] = async (lines) => {
    got.push(lines.length);
    if (got.length < 10) throw new Error('down');
  };
  const { delivery } = deliver(folder.file, {
    ...{ batchBytes: 1 << 20, sink: { name: 'test', batchBytes: 1 << 20, send } },
    onError: (message) => errors.push(message),
    wait: async (ms) => void pauses.push(ms),
  });
  delivery.advance(total);
  await expect.poll(() => got).toEqual(Array(10).fill(total));
  await delivery.close();
  expect(errors).toEqual(Array(9).fill('test: down'));
  expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test.concurrent('a sink gets no more at a time than it takes, but for the last line', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 12);
  const sent: number[] = [];
  const send: Sink['send'] = async (lines) => {
    sent.push(lines.slice(0, -1).reduce((sum, { bytes }) => sum + bytes.length, 0));
  };
  const { delivery } = deliver(folder.file, {
    ...{ batchBytes: 3_000, sink: { name: 'test', batchBytes: 3_000, send } },
  });
  delivery.advance(total);
  await delivery.close();
  expect(sent.length).toBeGreaterThan(2);
  expect(Math.max(...sent)).toBeLessThan(3_000);
});

test.concurrent('a log that cannot be read is reported by its sink', async () => {
  await using folder = createFolder();
  const total = await writeLog(folder.file, 2);
  const disk = createNodeDisk('here');
  const failing: Disk = {
    ...disk,
    open(path, how) {
      if (path === folder.file) throw new Error('EACCES: made by the test');
      return disk.open(path, how);
    },
  };
  const errors: string[] = [];
  const { delivery } = deliver(folder.file, {
    ...{ batchBytes: 1_000, disk: failing, onError: (message) => errors.push(message) },
  });
  delivery.advance(total);
  await delivery.close();
  expect(errors).toEqual(['test: EACCES: made by the test']);
});

test.concurrent.each([
  ['is there again gets the rest', false],
  ['is still down gets no second chance', true],
] as const)('a sink that waits to retry as it is closed and %s', async (_, staysDown) => {
  await using folder = createFolder();
  const entries = await writeLog(folder.file, 3);
  const { promise: waiting, resolve: waits } = Promise.withResolvers<void>();
  const tries: string[] = [];
  let down = true;
  const send: Sink['send'] = async (lines) => {
    tries.push(`${lines.length} ${down ? 'lost' : 'sent'}`);
    if (down) throw new Error('down');
  };
  const { delivery } = deliver(folder.file, {
    ...{ batchBytes: 1 << 20, sink: { name: 'test', batchBytes: 1 << 20, send } },
    wait() {
      waits();
      return new Promise(() => undefined);
    },
  });
  delivery.advance(entries);
  await waiting;
  down = staysDown;
  await delivery.close();
  expect(tries).toEqual([`${entries} lost`, `${entries} ${staysDown ? 'lost' : 'sent'}`]);
});
