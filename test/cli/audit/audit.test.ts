import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redactorOf } from '../../../src/audit/options.ts';
import { checkpointIn } from '../../../src/cli/audit/arguments.ts';
import { Refusal } from '../../../src/errors.ts';
import { fill } from '../../audit/fault-world.ts';
import {
  ALLOW,
  answered,
  callOf,
  DENY,
  DESTINATION,
  intended,
  judged,
  PRINCIPAL,
  SOURCE,
} from '../../audit/samples.ts';
import { copyOf, createFolder, openAudit } from '../../audit/world.ts';
import { runAudit as audit } from './run-audit.ts';

const whole = createFolder();
const { file } = whole;

beforeAll(async () => {
  const audit = await openAudit(file, { checkpointEntries: 20, maxBytes: 40_000 });
  await fill(audit, 40);
  await audit.close();
});
afterAll(() => whole[Symbol.asyncDispose]());

/** A copy of the log that a test may damage. */
const copied = () => copyOf(whole);

/** Cells of one column of a table whose cells have no commas in them. */
function columnOf(csv: string, name: string) {
  const [header = [], ...rows] = csv
    .trim()
    .split('\n')
    .map((row) => row.split(','));
  return rows.map((row) => row[header.indexOf(name)]);
}

test('verify exits 0 for an intact file or folder, or KRP_AUDIT__FILE', async () => {
  for (const { code, output } of [
    await audit(['verify', file]),
    await audit(['verify', whole.path]),
    await audit(['verify'], { KRP_AUDIT__FILE: file }),
  ]) {
    expect(code).toBe(0);
    expect(output).toContain(`${file}: intact`);
    expect(output).toContain('test.example/audit');
  }
});

test('verify shows a key as given only if --vkey names it', async () => {
  const { vkey } = JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '').segment;
  await using other = createFolder();
  await (await openAudit(other.file)).close();
  const foreign = JSON.parse(readFileSync(other.file, 'utf8').split('\n')[0] ?? '').segment.vkey;
  const keys = async (...given: string[]) =>
    (await audit(['verify', file, ...given])).output.split('\n').find((line) => /keys/.test(line));
  expect(await keys()).toContain(`${vkey} (named by the log itself; pin it with --vkey)`);
  expect(await keys('--vkey', vkey)).toContain(`${vkey} (given)`);
  expect(await keys('--vkey', foreign)).toContain(`${vkey} (named by the log, not given)`);
});

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

test('verify names a changed entry and exits 1', async () => {
  await using folder = copied();
  const text = readFileSync(folder.file, 'utf8');
  writeFileSync(folder.file, text.replace('"released"', '"withheld"'));
  const { code, errors } = await audit(['verify', folder.file]);
  expect(code).toBe(1);
  expect(errors).toMatch(/audit\.jsonl: seq \d+: the line was changed/);
});

test('verify --json reports the fields that docs/audit.md lists', async () => {
  await using folder = copied();
  rmSync(join(folder.path, 'audit-000000000000.jsonl'));
  const { logs, ...rest } = JSON.parse((await audit(['verify', '--json', folder.path])).output);
  expect(rest).toEqual({ missing_origins: [] });
  expect(Object.keys(logs[0].problem)).toEqual(['file', 'seq', 'why']);
  const line = readFileSync('docs/audit.md', 'utf8').match(/^`audit verify --json` prints.*/m)?.[0];
  const listed = line?.split('each log with')[1]?.replaceAll(/\([^)]*\)/g, '');
  const names = [...(listed ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect(Object.keys(logs[0]).toSorted()).toEqual(names.toSorted());
});

test('verify exits 1 for a damaged checkpoint, which hides no entry', async () => {
  await using folder = copied();
  writeFileSync(`${folder.file}.checkpoint`, 'nonsense');
  const { code, errors } = await audit(['verify', folder.path]);
  expect(code).toBe(1);
  expect(errors).toContain(`${folder.file}.checkpoint: seq `);
  expect(errors).toContain('not a checkpoint');
  for (const command of ['stats', 'export', 'tail']) {
    const asIs = await audit([command, whole.path]);
    expect(await audit([command, folder.path]), command).toEqual(asIs);
  }
});

test('verify shows where an intact log continued after a broken chain', async () => {
  await using folder = copied();
  const [head, second] = readFileSync(folder.file, 'utf8').split('\n');
  writeFileSync(folder.file, `${head}\n${second}\n`);
  const log = await openAudit(folder.file, { onBrokenChain: 'continue' });
  await log.close();
  const { code, output } = await audit(['verify', folder.path]);
  expect(code).toBe(0);
  expect(output).toMatch(/ {2}broken {6}a start was told to go on after .*: seq \d+\n/);
  expect((await audit(['verify', whole.path])).output).not.toContain('broken');
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
  const log = await openAudit(folder.file);
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
    const log = await openAudit(path, { maxBytes: 8_000 });
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

test('verify exits 2 for a torn tail', async () => {
  await using folder = copied();
  rmSync(`${folder.file}.checkpoint`);
  truncateSync(folder.file, readFileSync(folder.file).length - 5);
  expect(await audit(['verify', folder.file])).toMatchObject({ code: 2 });
});

test('verify exits 3 for an empty log: it may have been emptied', async () => {
  await using folder = createFolder();
  writeFileSync(folder.file, '');
  for (const args of [
    ['verify', folder.file],
    ['verify', file, folder.file],
  ]) {
    const { code, output, errors } = await audit(args);
    expect(code).toBe(3);
    expect(output).toContain(`${folder.file}: empty\n  entries     none in 1 segment, 0 bytes`);
    expect(errors).toContain(`${folder.file} has no entries: nothing is verified`);
  }
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

test('a command-line error begins with the name of the program', async () => {
  for (const args of [['stats', file, '--kind', 'intnt'], ['stats', '--nonsense'], ['nonsense']]) {
    const { code, errors } = await audit(args);
    expect([code, errors]).toEqual([
      3,
      expect.stringMatching(/^kms-reencrypt-proxy audit: (?!error)/),
    ]);
  }
});

test('a missing log, a bad flag and a bad key exit 3', async () => {
  for (const args of [
    ['verify', '/nowhere'],
    ['verify'],
    ['verify', file, '--nonsense'],
    ['verify', file, '--vkey', 'a+b+c'],
    ['verify', file, '--vkey', '/nowhere'],
    ['prove', 'x', file],
    ['tail', file, '--since', 'soon'],
    ['tail', file, '--outcome', 'denyed'],
    ['tail', file, '--kind', 'intnt'],
    ['tail', file, '--policy', 'deny'],
    ['tail', file, '--since', '24x'],
    ['tail', file, '-n', 'x'],
    ['export', file, '--format', 'xml'],
    ['verify', `${file}.xz`],
  ]) {
    expect((await audit(args)).code, args.join(' ')).toBe(3);
  }
});

test('a link or a device exits 3 and is named as no regular file', async () => {
  await using folder = createFolder();
  const link = join(folder.path, 'link.jsonl');
  symlinkSync(file, link);
  for (const path of [link, '/dev/null']) {
    const { code, errors } = await audit(['tail', path]);
    expect(code).toBe(3);
    expect(errors).toContain(`${path} is neither a regular file nor a folder`);
  }
});

test('verify exits 0 for the log’s own key, 1 for another', async () => {
  const { vkey } = JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '').segment;
  expect((await audit(['verify', file, '--vkey', vkey])).code).toBe(0);
  await using other = createFolder();
  await (await openAudit(other.file)).close();
  const foreign = JSON.parse(readFileSync(other.file, 'utf8').split('\n')[0] ?? '').segment.vkey;
  expect((await audit(['verify', file, '--vkey', foreign])).code).toBe(1);
});

test('verify tells a fleet’s logs apart and names a missing one', async () => {
  await using fleet = createFolder();
  for (const pod of ['a', 'b']) {
    const folder = join(fleet.path, pod);
    mkdirSync(folder);
    await (
      await openAudit(join(folder, 'audit.jsonl'), { origin: `fleet.example/${pod}` })
    ).close();
  }
  const origins = join(fleet.path, 'origins');
  const paths = ['a', 'b'].map((pod) => join(fleet.path, pod));
  writeFileSync(origins, 'fleet.example/a\nfleet.example/b\n');
  expect((await audit(['verify', ...paths, '--origins', origins])).code).toBe(0);
  writeFileSync(origins, 'fleet.example/a\nfleet.example/b\nfleet.example/c\n');
  const lost = await audit(['verify', ...paths, '--origins', origins]);
  expect(lost).toMatchObject({ code: 1 });
  expect(lost.errors).toContain('fleet.example/c');
});

test('verify reports every log that is not intact, and a log in two folders', async () => {
  await using folder = copied();
  await using archive = createFolder();
  const name = 'audit-000000000000.jsonl';
  const moved = join(archive.path, name);
  renameSync(join(folder.path, name), moved);
  writeFileSync(moved, readFileSync(moved, 'utf8').replace('"released"', '"withheld"'));
  const origins = join(archive.path, 'origins');
  writeFileSync(origins, 'fleet.example/c\n');
  const paths = [folder.path, archive.path];
  const { code, errors } = await audit(['verify', ...paths, '--origins', origins]);
  expect(code).toBe(1);
  const [missing, changed, lost] = errors.split('\n');
  expect(missing).toMatch(/entries 0 to \d+ are missing \(.*is of the same origin: put one log in/);
  expect(changed).toContain(`${moved}: seq `);
  expect(lost).toContain('no log of fleet.example/c');
});

test('prove makes a proof that holds for its entry and no other', async () => {
  await using folder = createFolder();
  const [entry, proof] = [join(folder.path, 'entry'), join(folder.path, 'proof')];
  const { output } = await audit(['prove', '9', file, '--entry', entry]);
  writeFileSync(proof, output);
  const { vkey } = JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '').segment;
  const check = ['prove', '--check', proof, '--entry', entry, '--vkey', vkey];
  expect(await audit(check)).toMatchObject({ code: 0 });
  writeFileSync(entry, readFileSync(entry, 'utf8').replace('"seq":9', '"seq":8'));
  expect(await audit(check)).toMatchObject({ code: 1 });
});

test('prove exits 3 for an entry not yet signed for, and says which are', async () => {
  const { size } = checkpointIn(`${file}.checkpoint`);
  const { code, errors } = await audit(['prove', `${size}`, file]);
  expect(code).toBe(3);
  expect(errors).toContain(
    `entry ${size} is not among 0 to ${size - 1}, which are here and signed for`,
  );
});

test('a missing file exits 3 and is named; prove says what to do without a checkpoint', async () => {
  await using folder = copied();
  rmSync(`${folder.file}.checkpoint`);
  const none = await audit(['prove', '9', folder.file]);
  expect(none.code).toBe(3);
  expect(none.errors).toContain(
    `there is no ${folder.file}.checkpoint to prove against; name one that was kept by --checkpoint`,
  );
  for (const args of [
    ['prove', '9', file, '--checkpoint', '/nowhere'],
    ['prove', '--check', '/nowhere', '--entry', file, '--vkey', 'x'],
    ['consistency', '/nowhere', '/nowhere', '--log', file],
    ['verify', file, '--origins', '/nowhere'],
    ['verify', file, '--checkpoint', '/nowhere'],
    ['hash', 'x', '--key', '/nowhere'],
  ]) {
    const { code, errors } = await audit(args);
    expect([code, errors], args.join(' ')).toEqual([
      3,
      'kms-reencrypt-proxy audit: /nowhere: no such file\n',
    ]);
  }
});

test('consistency exits 3, not 1, for checkpoints in the wrong order', async () => {
  await using folder = copied();
  const older = join(folder.path, 'older.note');
  const note = readFileSync(folder.file, 'utf8').match(/"note":"[^"]+"/)?.[0] ?? '';
  writeFileSync(older, JSON.parse(`{${note}}`).note);
  const [first, last] = [older, `${folder.file}.checkpoint`];
  expect((await audit(['consistency', first, last, '--log', file])).code).toBe(0);
  const { code, errors } = await audit(['consistency', last, first, '--log', file]);
  expect(code).toBe(3);
  expect(errors).toMatch(/name the older checkpoint first: .* covers \d+ entries and .* \d+/);
});

test('hash prints the mark that the entries hold for a value', async () => {
  const { output } = await audit(['hash', 'invoice'], { KRP_AUDIT__FILE: file });
  expect(output).toMatch(/^hmac-sha256:[0-9a-f]{64}\n$/);
  expect(readFileSync(join(whole.path, 'audit-000000000000.jsonl'), 'utf8')).toContain(
    output.trim(),
  );
  const piped = await audit(['hash', '--key', `${file}.hmac-key`], {}, 'invoice\n');
  expect(piped.output).toBe(output);
});

test('hash exits 3 and prints no mark for a key that is no install key', async () => {
  await using folder = createFolder();
  const key = join(folder.path, 'key');
  for (const content of ['', 'replace me', 'x'.repeat(33)]) {
    writeFileSync(key, content);
    const { code, output, errors } = await audit(['hash', 'invoice', '--key', key]);
    expect([code, output]).toEqual([3, '']);
    expect(errors).toContain(`${key}: an install key has 32 bytes`);
  }
});

test('an install key in base64, as in a Kubernetes Secret, makes the same marks', async () => {
  await using folder = createFolder();
  const text = join(folder.path, 'hmac-key');
  writeFileSync(text, `${readFileSync(`${file}.hmac-key`).toString('base64')}\n`);
  const { output } = await audit(['hash', 'invoice', '--key', `${file}.hmac-key`]);
  expect((await audit(['hash', 'invoice', '--key', text])).output).toBe(output);
  expect(redactorOf({ file, hmacKeyFile: text, warn() {} }).mark('invoice')).toBe(output.trim());
});

test('tail, export and stats show what was asked for', async () => {
  const tail = await audit(['tail', file, '-n', '3', '--outcome', 'denied']);
  expect(tail.output.trim().split('\n')).toHaveLength(3);
  expect(tail.output).toContain('denied  POLICY_DENIED  spiffe://example.org/ns/orders/sa/api');
  const csv = (await audit(['export', '--format', 'csv', '--kind', 'outcome', file])).output;
  for (const row of csv.trim().split('\n').slice(1)) {
    expect(row, 'an outcome shows what its intent said').toContain(
      `spiffe://example.org/ns/orders/sa/api,spiffe,127.0.0.1:50000,${SOURCE.keyArn},${DESTINATION.keyArn}`,
    );
  }
  expect(csv.trim().split('\n')).toHaveLength(31);
  const jsonl = (await audit(['export', file])).output.trim().split('\n');
  expect(jsonl.map((line) => JSON.parse(line).seq)).toEqual(jsonl.map((_, seq) => seq));
  const stats = JSON.parse((await audit(['stats', '--json', file])).output);
  expect(stats.outcome).toEqual({ released: 30, denied: 10 });
  expect(stats.policy).toEqual({ allowed: 30, denied: 10 });
  expect(stats.revision).toEqual({ [ALLOW.revision]: 40 });
  const none = await audit(['tail', file, '--principal', 'spiffe://other/*']);
  expect(none).toEqual({ code: 0, output: '', errors: '' });
});

test('--job finds the calls of a batch and their outcomes', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file);
  const inBatch = (number: number) => ({ call: callOf(number, { job: 'batch-1' }) });
  await log.intent({ ...intended(1), ...inBatch(1) });
  await log.intent(intended(2));
  await log.terminal({ ...answered(1), ...inBatch(1) });
  await log.terminal(answered(2));
  await log.terminal(judged(3, { ...inBatch(3), decision: DENY }), new Refusal('POLICY_DENIED'));
  await log.close();
  const chosen = ['--job', 'batch-1', folder.file];
  const kinds = (await audit(['tail', ...chosen, '--json'])).output.trim().split('\n');
  expect(kinds.map((line) => JSON.parse(line).kind)).toEqual(['intent', 'outcome', 'refusal']);
  const { outcome } = JSON.parse((await audit(['stats', ...chosen, '--json'])).output);
  expect(outcome).toEqual({ released: 1, denied: 1 });
  const csv = (await audit(['export', '--format', 'csv', ...chosen])).output;
  expect(columnOf(csv, 'job')).toEqual(Array(3).fill('batch-1'));
  expect((await audit(['export', '--job', 'batch-2', folder.file])).output).toBe('');
});

test('--revision finds outcomes too, whose revision is only in their intents', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file);
  const other = { decision: { ...ALLOW, revision: 'other' } };
  await log.intent({ ...intended(1), ...other });
  await log.intent(intended(2));
  await log.terminal({ ...answered(1), ...other });
  await log.terminal(answered(2));
  await log.close();
  const { output } = await audit(['tail', '--json', '--revision', 'other', folder.file]);
  const found = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(found.map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
  expect(new Set(found.map((entry) => entry.decision_id)).size).toBe(1);
});

test('stats span all logs and count every call that was turned away', async () => {
  await using late = createFolder();
  await using early = createFolder();
  const days = [late, early].map(({ file }, index) => ({ file, day: 21 - index }));
  for (const { file, day } of days) {
    const log = await openAudit(file);
    await log.event('turned_away', { turned_away: { reason: 'UNAUTHENTICATED', count: day } });
    await log.close();
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replaceAll(/"timestamp":"\d+-\d+-\d+/g, `"timestamp":"2026-11-${day}`),
    );
  }
  const { output } = await audit(['stats', late.file, early.file]);
  expect(output).toMatch(/^from 2026-11-20T\S+ to 2026-11-21T/);
  expect(output).toMatch(/turned_away\n {10}41 {2}UNAUTHENTICATED\n$/);
  const none = await audit(['stats', late.file, '--principal', 'nobody']);
  expect(none).toMatchObject({ code: 0, output: 'no entries\n' });
});

test('calls turned away are found by reason, and counted in CSV', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file);
  await log.event('turned_away', { turned_away: { reason: 'LIMITED', count: 7 } });
  await log.event('turned_away', { turned_away: { reason: 'UNAUTHENTICATED', count: 3 } });
  await log.close();
  const csv = (await audit(['export', '--format', 'csv', '--outcome', 'LIMITED', folder.file]))
    .output;
  expect([columnOf(csv, 'reason'), columnOf(csv, 'count')]).toEqual([['LIMITED'], ['7']]);
});

test('stats count releases for each pair of keys, with the time of the last', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file);
  await log.intent(intended(1));
  await log.intent(intended(2));
  await log.terminal(answered(1));
  await log.terminal(answered(2));
  await log.terminal(judged(3, { decision: DENY }), new Refusal('POLICY_DENIED'));
  await log.close();
  const entries = readFileSync(folder.file, 'utf8').trim().split('\n');
  const outcomes = entries.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'outcome');
  const keys = { source: SOURCE.keyArn, destination: DESTINATION.keyArn };
  const last = outcomes.at(-1)?.timestamp;
  const { keys: pairs } = JSON.parse((await audit(['stats', '--json', folder.file])).output);
  expect(pairs).toEqual([{ ...keys, released: 2, last }]);
  const { output } = await audit(['stats', folder.file]);
  expect(output).toContain(`  2  ${keys.source} → ${keys.destination}  last ${last}\n`);
  const orphans = await audit(['stats', '--kind', 'outcome', folder.file]);
  expect(orphans.output).toContain(keys.source);
});

test('--since includes its moment and --until does not, so days never overlap', async () => {
  const { timestamp, seq } = JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '');
  const chosen = async (option: string) =>
    (await audit(['export', option, timestamp, file])).output.includes(`"seq":${seq},`);
  expect(await chosen('--since')).toBe(true);
  expect(await chosen('--until')).toBe(false);
});

test.each([
  ['spiffe://example.org/ns/*/sa/api', true],
  ['spiffe://exampleXorg/ns/orders/sa/api', false],
  ['spiffe://example.org/ns/orders/sa/ap.', false],
])('--principal %s: only * is a wildcard', async (pattern, found) => {
  const { output } = await audit(['export', '--kind', 'intent', '--principal', pattern, file]);
  expect(output !== '').toBe(found);
});

test('--vkey prints nothing of a file that holds a private key', async () => {
  const { code, errors } = await audit(['verify', file, '--vkey', `${file}.key`]);
  expect([code, errors]).toEqual([3, expect.stringContaining('it holds something else')]);
  expect(errors).not.toContain('PRIVATE KEY');
});

test('--vkey prints nothing of a file that holds a Go note signer’s private key', async () => {
  await using folder = createFolder();
  const signer = join(folder.path, 'signer');
  writeFileSync(signer, 'PRIVATE+KEY+log.example+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr\n');
  const { code, errors } = await audit(['verify', file, '--vkey', signer]);
  expect([code, errors]).toEqual([3, expect.stringContaining('it holds something else')]);
  expect(errors).not.toContain('AYEKFALV');
});

test('consistency names a key once, however many segments name it', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file);
  await fill(log, 3);
  await log.close();
  const [own, foreign] = [`${file}.checkpoint`, `${folder.file}.checkpoint`];
  const { errors } = await audit(['consistency', foreign, own, '--log', file]);
  expect(errors).toMatch(/is not signed by a known key, but by \S+; known: [^,]+$/);
});

test('--principal accepts the name that stats gives anonymous callers', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file);
  for (const principal of [PRINCIPAL, { ...PRINCIPAL, id: '', kind: 'anonymous' as const }]) {
    await log.terminal({ call: callOf(1), principal }, new Refusal('INVALID_REQUEST'));
  }
  await log.close();
  const { principal } = JSON.parse((await audit(['stats', '--json', folder.file])).output);
  expect(principal).toEqual({ [PRINCIPAL.id]: 1, anonymous: 1 });
  for (const name of Object.keys(principal)) {
    const { output } = await audit(['tail', folder.file, '--principal', name]);
    expect(output.split('\n')).toHaveLength(2);
  }
});

test('a time may be given as how long ago it was', async () => {
  const count = async (...args: string[]) =>
    (await audit(['export', file, ...args])).output.split('\n').length - 1;
  const all = await count();
  const [hour, now] = [3_600_000, Date.now()];
  const written = Date.parse(JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '').timestamp);
  expect(now - written, 'the log was written by this test').toBeLessThan(hour);
  expect(await count('--since', '1h')).toBe(all);
  expect(await count('--until', '60m')).toBe(0);
  expect(await count('--since', '0s')).toBe(0);
});

test('tail, export and stats name a line that is no entry, without printing it', async () => {
  await using folder = createFolder();
  for (const content of ['{"some":"JSON"}\n', '\u001b[2J\n', '\n', 'null\n']) {
    writeFileSync(folder.file, content);
    for (const command of ['tail', 'export', 'stats']) {
      const { code, output, errors } = await audit([command, folder.file]);
      expect([code, output], command).toEqual([3, '']);
      expect(errors).toContain(`${folder.file}, line 1: entry 0 should be here, but this is not`);
      expect(errors).not.toContain('\u001b');
    }
  }
});

test('CSV shows which bundle decided each call, even if only the intent has it', async () => {
  const rows = (await audit(['export', '--format', 'csv', '--kind', 'outcome', file])).output;
  const intents = (await audit(['export', '--kind', 'intent', file])).output.trim().split('\n');
  const revisions = intents.map((line) => JSON.parse(line).bundles.policy.revision);
  expect(columnOf(rows, 'revision')).toEqual(revisions);
});

test.each(['2026-11-24T10:00:00', '11/24/2026', '7', 'Tue', '2026-02-30T00:00:00Z'])(
  'a time without a zone differs by host, so it is refused: %s',
  async (time) => {
    const { code, errors } = await audit(['stats', '--since', time, file]);
    expect([code, errors]).toEqual([
      3,
      expect.stringMatching(/is not a time with its zone, such as/),
    ]);
  },
);

test('a date alone is that day in UTC', async () => {
  for (const day of ['2026-01-01', '2026-01-01T01:00:00+01:00']) {
    expect((await audit(['stats', '--since', day, file])).code, day).toBe(0);
  }
});

test('every kind of the schema can be asked for', async () => {
  const schema = JSON.parse(readFileSync('docs/audit.schema.json', 'utf8'));
  for (const kind of schema.properties.kind.enum) {
    expect((await audit(['stats', file, '--kind', kind])).code, kind).toBe(0);
  }
});

test('tail and export show why policy denied a call, enforced or not', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file);
  await log.terminal(judged(1, { decision: DENY }), new Refusal('POLICY_DENIED'));
  const observed = judged(2, { decision: { ...DENY, enforced: false } });
  await log.intent(observed);
  await log.terminal({ ...observed, intended: true }, new Refusal('KMS_THROTTLED'));
  const shadow = { comparison: 'deny_to_allow', revision: 'next', rule: 'r', failure: '' };
  await log.event('shadow', { shadow: { ...shadow, reasons: [{ code: 'hour', side: '' }] } });
  const failed = { ...shadow, comparison: 'failed', rule: '', failure: 'POLICY_FAILED' };
  await log.event('shadow', { shadow: { ...failed, reasons: [{ code: 'memory', side: '' }] } });
  await log.close();
  const { output } = await audit(['tail', folder.file]);
  expect(output).toMatch(/ {2}denied {2}POLICY_DENIED .* tenant_changed /);
  expect(output).toMatch(/ {2}intent {2}.* denied, not enforced {2}tenant_changed /);
  expect(output).toMatch(/ {2}failed {2}KMS_THROTTLED .* denied, not enforced {2}tenant_changed /);
  expect(output).toContain('shadow  deny_to_allow by next  rule r  hour\n');
  expect(output).toContain('shadow  failed by next  POLICY_FAILED  memory\n');
  const denied = await audit(['export', folder.file, '--policy', 'denied', '--kind', 'outcome']);
  expect(denied.output.trim().split('\n')).toHaveLength(1);
  const stats = JSON.parse((await audit(['stats', '--json', folder.file])).output);
  expect(stats.policy).toEqual({ denied: 2 });
  const rows = (await audit(['export', '--format', 'csv', '--kind', 'outcome', folder.file]))
    .output;
  expect(rows).toMatch(
    /,false,default,failed,KMS_THROTTLED,.*,false,tenant_changed,,[^,\n]+,,,,,test\.example\/audit,\n$/,
  );
});

test('tail and CSV tell an activated policy from a refused one', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file);
  const digest = 'ab'.repeat(32);
  const serving = { policy: 'serving', revision: 'v1', digest };
  const none = { policy: 'candidate', outcome: 'refused', revision: '', digest: '' };
  for (const reload of [
    { ...serving, outcome: 'activated', sentence: '' },
    { ...serving, outcome: 'refused', sentence: 'the signature does not verify' },
    { ...none, sentence: 'ECONNREFUSED' },
  ]) {
    await log.event('reload', { reload });
  }
  await log.close();
  const { output } = await audit(['tail', folder.file, '--kind', 'reload']);
  expect(output.split('\n').map((line) => line.split('  ').slice(3).join('  '))).toEqual([
    `serving activated v1 sha256:${digest}`,
    `serving refused, still v1 sha256:${digest}: the signature does not verify`,
    'candidate refused, none serves: ECONNREFUSED',
    '',
  ]);
  const csv = (await audit(['export', '--format', 'csv', '--kind', 'reload', folder.file])).output;
  const columns = ['policy', 'outcome', 'digest', 'sentence'].map((name) =>
    columnOf(csv, `reload_${name}`),
  );
  expect(columns).toEqual([
    ['serving', 'serving', 'candidate'],
    ['activated', 'refused', 'refused'],
    [digest, digest, ''],
    ['', 'the signature does not verify', 'ECONNREFUSED'],
  ]);
});

test('CSV names the origin of each entry, even if it changed within a log', async () => {
  await using folder = createFolder();
  for (const origin of ['fleet.example/a', 'fleet.example/b']) {
    await (await openAudit(folder.file, { origin })).close();
  }
  const csv = (await audit(['export', '--format', 'csv', '--kind', 'started', folder.file, file]))
    .output;
  expect(columnOf(csv, 'origin')).toEqual([
    'fleet.example/a',
    'fleet.example/b',
    'test.example/audit',
  ]);
});

test('docs/audit.md lists every CSV column, in order', async () => {
  const [header = ''] = (await audit(['export', '--format', 'csv', file])).output.split('\n');
  const [, section = ''] =
    /^## As CSV\n(.*?)^## /ms.exec(readFileSync('docs/audit.md', 'utf8')) ?? [];
  const listed = [...section.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  expect(listed).toEqual(header.split(','));
});

test('tail shows what happened to the log and its process, not only the kind', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file);
  await log.event('correction', {
    correction: { reason: 'AUDIT_UNAVAILABLE', status: 'withheld' },
  });
  await log.event('dropped', { dropped: { count: 7, sink: 'stdout' } });
  await log.crash('out of\nluck');
  await log.close();
  const { output } = await audit(['tail', folder.file]);
  expect(output).toMatch(/ {2}correction {2}reason AUDIT_UNAVAILABLE, status withheld/);
  expect(output).toMatch(/ {2}dropped {2}count 7, sink stdout\n/);
  expect(output).toMatch(/ {2}crash {2}cause out of\\u\{a\}luck\n/);
});

test('tail shows callers’ text on one line, without control characters', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file);
  const keyId = 'x\n99  forged\u001b[2J\u009b2J\u202e\u2028';
  const { source } = callOf(1);
  const call = callOf(1, { source: { ...source, keyId } });
  await log.terminal({ call, principal: PRINCIPAL }, new Refusal('INVALID_REQUEST'));
  await log.close();
  const { output } = await audit(['tail', folder.file]);
  expect(output).toContain('x\\u{a}99  forged\\u{1b}[2J\\u{9b}2J\\u{202e}\\u{2028}');
  for (const raw of ['\n99', '\u001b', '\u009b', '\u202e', '\u2028'])
    expect(output).not.toContain(raw);
});

test('tail, export and stats read entries whose texts a mask has replaced', async () => {
  await using folder = createFolder();
  const input = { principal: { id: null, kind: 7 }, source: { alias: null, key_arn: ['x'] } };
  const outcome = { status: 'released', code: 'OK' };
  const entry = { kind: 'outcome', seq: 0, timestamp: '2026-11-28T00:00:00Z', input, outcome };
  writeFileSync(folder.file, `${JSON.stringify(entry)}\n`);
  for (const args of [['tail'], ['tail', '--key-arn', 'x'], ['stats'], ['export']]) {
    const { code, errors } = await audit([...args, folder.file]);
    expect({ code, errors }, args.join(' ')).toEqual({ code: 0, errors: '' });
  }
});

test('no CSV cell begins like a formula, in half width or full', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file);
  const signs = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
  for (const [index, sign] of signs.entries()) {
    const principal = { ...PRINCIPAL, id: `${sign}1,"2"` };
    await log.terminal({ call: callOf(index), principal }, new Refusal('INVALID_REQUEST'));
  }
  await log.close();
  const rows = (await audit(['export', '--format', 'csv', '--kind', 'refusal', folder.file]))
    .output;
  expect(rows.match(/,"'[=+\-@\t\r\n＝＋－＠]1,""2""",/g)).toHaveLength(signs.length);
});

test('a key is found by its whole id or alias, not by the end of one', async () => {
  const found = async (name: string) =>
    (await audit(['export', file, '--key-arn', name])).output !== '';
  const id = SOURCE.keyArn.replace(/^.*key\//, '');
  for (const name of [SOURCE.keyArn, id, SOURCE.alias]) expect(await found(name), name).toBe(true);
  for (const name of [id.slice(1), SOURCE.alias.slice(-3)]) {
    expect(await found(name), name).toBe(false);
  }
});

test('verify exits 3 for a checkpoint older than the first entry kept', async () => {
  await using folder = createFolder();
  const log = await openAudit(folder.file, {
    ...{ checkpointEntries: 10, maxBytes: 8_000, keepSegments: 1 },
  });
  await fill(log, 5);
  await expect.poll(() => existsSync(`${folder.file}.checkpoint`)).toBe(true);
  const kept = join(folder.path, 'kept.note');
  cpSync(`${folder.file}.checkpoint`, kept);
  await fill(log, 60);
  const first = join(folder.path, 'audit-000000000000.jsonl');
  await expect.poll(() => existsSync(first)).toBe(false);
  await log.close();
  expect((await audit(['verify', folder.file])).code).toBe(0);
  const early = await audit(['verify', folder.file, '--checkpoint', kept]);
  expect(early.code).toBe(3);
  expect(early.errors).toMatch(/kept\.note is from before seq \d+, where .* begins/);
});

test('verify exits 1 for a checkpoint whose log is not given', async () => {
  await using other = createFolder();
  await (await openAudit(other.file, { origin: 'fleet.example/other' })).close();
  const checkpoint = `${other.file}.checkpoint`;
  expect((await audit(['verify', file, other.file, '--checkpoint', checkpoint])).code).toBe(0);
  const lost = await audit(['verify', file, '--checkpoint', checkpoint]);
  expect(lost).toMatchObject({ code: 1 });
  expect(lost.errors).toContain('no log of fleet.example/other');
});
