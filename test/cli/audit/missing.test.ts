import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkpointIn } from '../../../src/cli/audit/arguments.ts';
import { run as policy } from '../../../src/cli/policy/run.ts';
import { fill } from '../../audit/fault-world.ts';
import { copyOf, createFolder, openThreadless } from '../../audit/world.ts';
import { runCommand } from '../../helpers/run-command.ts';
import { runAudit } from './run-audit.ts';

const whole = createFolder();
let segments: readonly { readonly name: string; readonly first: number }[];

beforeAll(async () => {
  const log = await openThreadless(whole.file, { checkpointEntries: 5, maxBytes: 8_000 });
  await fill(log, 24);
  await log.close();
  const closed = readdirSync(whole.path).filter((name) => /-\d{12}\.jsonl$/.test(name));
  segments = closed.sort().map((name) => ({ name, first: Number(/\d{12}/.exec(name)) }));
  expect(segments.length).toBeGreaterThan(3);
});
afterAll(() => whole[Symbol.asyncDispose]());

const audit = (...args: readonly string[]) => runAudit(args);

const copied = () => copyOf(whole);

const [SECOND, THIRD] = [1, 2].map((index) => () => segments[index]!);
const READERS = [['stats'], ['export'], ['export', '--format', 'csv'], ['tail', '-n', '999']];

test.each(READERS)(
  '%s %s reports a segment missing in the middle, and shows the rest',
  async (...args) => {
    await using folder = copied();
    const { name, first } = SECOND!();
    const last = THIRD!().first - 1;
    rmSync(join(folder.path, name));
    const { code, output, errors } = await audit(...args, folder.file);
    expect(errors).toBe(
      `kms-reencrypt-proxy audit: ${folder.file}: entries ${first} to ${last} are missing, to the end of ${name}; audit verify says more\n`,
    );
    expect(code).toBe(0);
    expect(output).not.toBe('');
    expect((await audit(...args, whole.file)).errors).toBe('');
  },
);

test('stats --json lists entries missing before the first segment and after the last', async () => {
  await using folder = copied();
  const stats = async () => JSON.parse((await audit('stats', '--json', folder.file)).output);
  expect((await stats()).missing).toEqual([]);
  const [one, two, three] = segments;
  for (const { name } of [one!, two!]) rmSync(join(folder.path, name));
  const log = folder.file;
  const before = { log, first_seq: 0, last_seq: three!.first - 1, segment: two!.name };
  expect((await stats()).missing).toEqual([before]);
  const { size } = checkpointIn(`${log}.checkpoint`);
  const { first_seq: live } = JSON.parse(readFileSync(log, 'utf8').split('\n')[0]!).segment;
  rmSync(log);
  expect((await stats()).missing).toEqual([
    before,
    { log, first_seq: live, last_seq: size - 1, segment: '' },
  ]);
});

test('entries missing within a segment are reported too', async () => {
  await using folder = copied();
  const path = join(folder.path, SECOND!().name);
  writeFileSync(path, readFileSync(path, 'utf8').split('\n').toSpliced(3, 2).join('\n'));
  const seq = SECOND!().first + 3;
  const { code, errors } = await audit('stats', folder.file);
  expect(code).toBe(0);
  expect(errors).toContain(`entries ${seq} to ${seq + 1} are missing; audit verify`);
});

test('an entry without its number does not hide that the next are missing', async () => {
  await using folder = copied();
  const path = join(folder.path, SECOND!().name);
  const lines = readFileSync(path, 'utf8').split('\n');
  lines[2] = lines[2]!.replace(/"seq":\d+/, '"seq":"x"');
  writeFileSync(path, lines.toSpliced(4, 1).join('\n'));
  const seq = SECOND!().first + 4;
  const { errors } = await audit('stats', folder.file);
  expect(errors).toContain(`entries ${seq} to ${seq} are missing; audit verify`);
});

test('a segment missing between closed ones that are named alone is reported', async () => {
  const named = [segments[3]!, segments[2]!, segments[0]!].map(({ name }) =>
    join(whole.path, name),
  );
  for (const command of ['stats', 'export']) {
    const { code, errors } = await audit(command, ...named);
    expect(code).toBe(0);
    expect(errors).toContain(`entries ${SECOND!().first} to ${THIRD!().first - 1} are missing`);
  }
  expect((await audit('stats', ...named.slice(0, 2))).errors).toBe('');
});

test('entries that rotation deleted, or outside a segment named alone, are not missing', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file, { maxBytes: 8_000, keepSegments: 1 });
  await fill(log, 40);
  const first = join(folder.path, 'audit-000000000000.jsonl');
  await expect.poll(() => existsSync(first)).toBe(false);
  await log.close();
  for (const path of [folder.file, join(whole.path, SECOND!().name)]) {
    expect(await audit('stats', path)).toMatchObject({ code: 0, errors: '' });
  }
});

test('every command that needs a truncated .gz segment names it', async () => {
  await using folder = copied();
  const { name, first } = SECOND!();
  const path = join(folder.path, name);
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)).subarray(0, -20));
  rmSync(path);
  for (const args of READERS) {
    const { code, errors } = await audit(...args, folder.file);
    expect(code).toBe(0);
    expect(errors).toContain(`entries ${first} to ${THIRD!().first - 1} are missing`);
    expect(errors).toContain(`(${name}.gz is cut off, and does not unpack)`);
  }
  for (const prove of [[`${first}`], ['0']]) {
    const { code, errors } = await audit('prove', ...prove, folder.file);
    expect([code, errors]).toEqual([3, expect.stringContaining(`${name}.gz is cut off`)]);
  }
  const args = ['replay', 'policies/bundle.tar.gz', folder.path];
  const { exit, stderr } = await runCommand(policy, args);
  expect(exit).not.toBe(0);
  expect(stderr).toContain(`${name}.gz is cut off, and does not unpack`);
});

test('prove names missing entries and exits 3, not 1', async () => {
  await using folder = copied();
  rmSync(join(folder.path, SECOND!().name));
  const { code, errors } = await audit('prove', '0', folder.file);
  expect(code).toBe(3);
  expect(errors).toContain(`entries ${SECOND!().first} to ${THIRD!().first - 1} are missing`);
});
