import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { fill } from '../../audit/fault-world.ts';
import { createFolder, openThreadless } from '../../audit/world.ts';
import { runAudit as audit } from './run-audit.ts';
import { makeWhole } from './whole-log.ts';

const { whole, file, copied } = makeWhole();

test('a log named twice, or by its segments, is read once', async () => {
  const names = readdirSync(whole.path).filter((name) => name.endsWith('.jsonl'));
  expect(names.length).toBeGreaterThan(1);
  const all = names.map((name) => join(whole.path, name));
  for (const command of ['stats', 'export', 'verify']) {
    const once = (await audit([command, whole.path])).output;
    for (const paths of [all, all.toReversed(), [whole.path, file], [file, file]]) {
      expect((await audit([command, ...paths])).output, command).toBe(once);
    }
  }
});

test('verify exits 1 for a deleted segment', async () => {
  await using folder = copied();
  rmSync(join(folder.path, 'audit-000000000000.jsonl'));
  const { code, errors } = await audit(['verify', folder.path]);
  expect(code).toBe(1);
  expect(errors).toMatch(/entries 0 to \d+ are missing/);
});

test('a start needs no archived segment, and verify accepts it once it is back', async () => {
  await using folder = copied();
  await using archive = createFolder();
  const name = 'audit-000000000000.jsonl';
  renameSync(join(folder.path, name), join(archive.path, name));
  const log = await openThreadless(folder.file);
  await fill(log, 5);
  await log.close();
  renameSync(join(archive.path, name), join(folder.path, name));
  expect(await audit(['verify', folder.path])).toMatchObject({ code: 0 });
});

test.each([
  'audit.jsonl.1',
  'audit.1.jsonl',
  'audit.jsonl-20261128',
  'audit-20261128.jsonl',
  'audit.jsonl-2026112814',
  'audit.jsonl-20261128-1412',
  'audit-20261128-1412.jsonl',
  'audit-202611281412.jsonl',
  'audit.jsonl.2026-11-28',
  'audit.jsonl_2026-11-28T14:12',
  'audit-20261128-1795938669.jsonl',
])('verify finds a segment that logrotate named %s, gzipped or not', async (name) => {
  await using folder = copied();
  const path = join(folder.path, name);
  renameSync(join(folder.path, 'audit-000000000000.jsonl'), path);
  for (const named of [folder.path, folder.file]) {
    expect(await audit(['verify', named]), named).toMatchObject({ code: 0, errors: '' });
  }
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
  rmSync(path);
  expect(await audit(['verify', folder.file])).toMatchObject({ code: 0, errors: '' });
});

test.each([
  ['audit.jsonl-20261128.xz', 'not read, because packed: audit.jsonl-20261128.xz'],
  ['audit.jsonl.1.old', 'not read, because not named as a segment of it: audit.jsonl.1.old'],
  ['audit-november.jsonl', 'not read, because not named as a segment of it: audit-november.jsonl'],
])('a segment named %s is reported as not read', async (name, why) => {
  await using folder = copied();
  renameSync(join(folder.path, 'audit-000000000000.jsonl'), join(folder.path, name));
  const told = await audit(['verify', folder.file]);
  expect(told.code).toBe(1);
  expect(told.errors).toContain(why);
  expect((await audit(['stats', folder.file])).errors).toContain(why);
});

test('verify finds an archive by the name of its absent live file', async () => {
  await using folder = createFolder();
  const closed = readFileSync(join(whole.path, 'audit-000000000000.jsonl'));
  writeFileSync(`${folder.file}.1`, closed);
  expect(await audit(['verify', folder.file])).toMatchObject({ code: 0 });
});

test.each(['audit.log', 'audit', 'Pod-1.ndjson'])(
  'a log and its segments may have any name: %s',
  async (name) => {
    await using folder = createFolder();
    const path = join(folder.path, name);
    const log = await openThreadless(path, { maxBytes: 8_000 });
    await fill(log, 8);
    await log.close();
    const closed = readdirSync(folder.path).filter((other) => /-0{12}/.test(other));
    expect(closed).toHaveLength(1);
    for (const named of [path, folder.path, join(folder.path, closed[0]!)]) {
      expect(await audit(['verify', named])).toMatchObject({ code: 0 });
    }
    const { output } = await audit(['export', folder.path]);
    expect(JSON.parse(output.split('\n')[0]!).seq).toBe(0);
    renameSync(join(folder.path, closed[0]!), `${path}.1`);
    expect(await audit(['verify', path])).toMatchObject({ code: 0 });
  },
);

test('verify reads an archive the same when all or part is gzipped', async () => {
  await using folder = copied();
  const pack = (name: string) => {
    const path = join(folder.path, name);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
    rmSync(path);
  };
  pack('audit-000000000000.jsonl');
  const asIs = await audit(['verify', whole.path, '--json']);
  const packed = async () => {
    const { code, output } = await audit(['verify', folder.path, '--json']);
    return { code, output: output.replaceAll(folder.path, whole.path), errors: '' };
  };
  expect(await packed()).toEqual(asIs);
  pack('audit.jsonl');
  expect(await packed()).toEqual(asIs);
  const one = join(folder.path, 'audit-000000000000.jsonl.gz');
  expect(await audit(['verify', one])).toMatchObject({ code: 0 });
  for (const command of ['stats', 'export']) {
    expect((await audit([command, folder.path])).output, command).toBe(
      (await audit([command, whole.path])).output,
    );
  }
});

test('verify says what is wrong with a damaged .gz segment, and exits 1', async () => {
  const segment = readFileSync(join(whole.path, 'audit-000000000000.jsonl'));
  const packed = gzipSync(segment);
  const flipped = Buffer.from(packed);
  flipped[packed.length >> 1] = (flipped[packed.length >> 1] ?? 0) ^ 1;
  const changed = gzipSync(segment.toString().replace('"released"', '"withheld"'));
  for (const [content, why] of [
    [flipped, 'seq 0: the file does not unpack: '],
    [packed.subarray(0, -9), 'seq 0: the file is cut off, and does not unpack'],
    [segment, 'seq 0: the file does not unpack: incorrect header check'],
    [Buffer.alloc(0), 'seq 0: the file is cut off, and does not unpack'],
    [changed, 'the line was changed'],
  ] as const) {
    await using folder = copied();
    const name = join(folder.path, 'audit-000000000000.jsonl');
    rmSync(name);
    writeFileSync(`${name}.gz`, content);
    const { code, errors, output } = await audit(['verify', folder.path, '--json']);
    expect(code).toBe(1);
    expect(errors).toContain(`${name}.gz: seq `);
    expect(errors).toContain(why);
    expect(JSON.parse(output).logs[0].problem.file).toBe(`${name}.gz`);
  }
});

test('verify unpacks no .gz segment that holds more than any segment, whatever it says of itself', async () => {
  await using folder = copied();
  const segment = join(folder.path, 'audit-000000000000.jsonl');
  const mib = gzipSync(Buffer.alloc(1 << 20));
  rmSync(segment);
  for (const bytes of [undefined, 3 * 2 ** 30]) {
    writeFileSync(`${segment}.gz`, Buffer.concat(Array(641).fill(mib)));
    if (bytes !== undefined) truncateSync(`${segment}.gz`, bytes);
    const { code, errors } = await audit(['verify', folder.path]);
    expect(code).toBe(1);
    expect(errors).toContain(
      '000000000000.jsonl.gz: seq 0: the file unpacks to more than any segment',
    );
  }
});

test('verify does not read a .gz instead of the segment beside it', async () => {
  await using folder = copied();
  writeFileSync(`${folder.file}.gz`, 'rubbish');
  const { code, output, errors } = await audit(['verify', `${folder.file}.gz`]);
  expect([code, output]).toEqual([3, '']);
  expect(errors).toContain('remove one of them');
  expect((await audit(['verify', folder.path])).code).toBe(0);
});

test('verify exits 1 when a damaged .gz replaces the last segment', async () => {
  await using folder = copied();
  for (const name of [`${file}.checkpoint`, file]) rmSync(name.replace(whole.path, folder.path));
  writeFileSync(`${folder.file}.gz`, 'rubbish');
  expect((await audit(['verify', folder.path])).code).toBe(1);
});

test('a folder of log folders exits 3 and lists those to name', async () => {
  await using fleet = createFolder();
  for (const pod of ['b', 'a']) cpSync(whole.path, join(fleet.path, pod), { recursive: true });
  mkdirSync(join(fleet.path, 'none'));
  const { code, errors } = await audit(['verify', fleet.path]);
  expect(code).toBe(3);
  const [a, b] = ['a', 'b'].map((pod) => join(fleet.path, pod));
  expect(errors).toContain(
    `${fleet.path} does not hold an audit log, but folders in it do: name ${a} ${b}\n`,
  );
  const empty = await audit(['verify', join(fleet.path, 'none')]);
  expect(empty.errors).toMatch(/does not hold an audit log\n$/);
});

test.each(['bz2', 'xz', 'zst'])(
  'a segment that is packed as .%s is not read as if damaged',
  async (how) => {
    await using folder = copied();
    const packed = join(folder.path, `audit-000000000000.jsonl.${how}`);
    renameSync(join(folder.path, 'audit-000000000000.jsonl'), packed);
    for (const command of ['verify', 'stats', 'export', 'tail']) {
      const { code, errors } = await audit([command, packed]);
      expect([code, errors], command).toEqual([
        3,
        expect.stringContaining(`${packed} is packed; unpack it first`),
      ]);
    }
  },
);

test('a reader closes every segment, packed or not', async () => {
  await using folder = copied();
  const first = join(folder.path, 'audit-000000000000.jsonl');
  writeFileSync(`${first}.gz`, gzipSync(readFileSync(first)));
  rmSync(first);
  const open = () => readdirSync('/proc/self/fd').length;
  for (const args of [['verify'], ['stats'], ['export'], ['prove', '9'], ['tail', '-n', '9']]) {
    const before = open();
    for (const _ of Array(20))
      expect(await audit([...args, folder.file])).toMatchObject({ code: 0 });
    expect(open() - before, String(args)).toBeLessThan(20);
  }
});
