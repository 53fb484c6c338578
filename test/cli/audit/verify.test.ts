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
import { expect, test } from 'vitest';
import { fill } from '../../audit/fault-world.ts';
import { createFolder, openThreadless } from '../../audit/world.ts';
import { runAudit as audit } from './run-audit.ts';
import { makeWhole } from './whole-log.ts';

const { whole, file, copied } = makeWhole();

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
  await (await openThreadless(other.file)).close();
  const foreign = JSON.parse(readFileSync(other.file, 'utf8').split('\n')[0] ?? '').segment.vkey;
  const keys = async (...given: string[]) =>
    (await audit(['verify', file, ...given])).output.split('\n').find((line) => /keys/.test(line));
  expect(await keys()).toContain(`${vkey} (named by the log itself; pin it with --vkey)`);
  expect(await keys('--vkey', vkey)).toContain(`${vkey} (given)`);
  expect(await keys('--vkey', foreign)).toContain(`${vkey} (named by the log, not given)`);
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
  const log = await openThreadless(folder.file, { onBrokenChain: 'continue' });
  await log.close();
  const { code, output } = await audit(['verify', folder.path]);
  expect(code).toBe(0);
  expect(output).toMatch(/ {2}broken {6}a start was told to go on after .*: seq \d+\n/);
  expect((await audit(['verify', whole.path])).output).not.toContain('broken');
});

test('verify exits 2 for a torn tail', async () => {
  await using folder = copied();
  rmSync(`${folder.file}.checkpoint`);
  truncateSync(folder.file, readFileSync(folder.file).length - 5);
  expect(await audit(['verify', folder.file])).toMatchObject({ code: 2 });
});

test('verify names the last line of a closed segment if it has no end, as the other commands do', async () => {
  const closed = 'audit-000000000000.jsonl';
  const lines = readFileSync(join(whole.path, closed), 'utf8').trimEnd().split('\n');
  const last = lines.length - 1;
  const unended = lines.join('\n');
  for (const text of [unended, unended.slice(0, -9)]) {
    await using folder = copied();
    writeFileSync(join(folder.path, closed), text);
    const { code, errors } = await audit(['verify', folder.file]);
    expect(code).toBe(1);
    expect(errors).toContain(`${closed}: seq ${last}: the line is cut off, or longer than any`);
    const stats = await audit(['stats', folder.file]);
    expect(stats.errors).toContain(`entries ${last} to ${last} are missing`);
  }
});

test.each([
  ['last line', -1, '"size"', 'the line was changed'],
  ['`prev` of the last line', -1, '"prev":"', 'prev is not the hash of the line before'],
  ['last line but one', -2, '"timestamp":"', 'the line was changed'],
])('verify names a changed %s of a closed segment', async (_, place, part, why) => {
  await using folder = copied();
  const path = join(folder.path, 'audit-000000000000.jsonl');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const seq = lines.length + place;
  const [before = '', after = ''] = lines[seq]?.split(part) ?? [];
  lines[seq] = `${before}${part}${after.startsWith('0') ? '1' : '0'}${after.slice(1)}`;
  writeFileSync(path, `${lines.join('\n')}\n`);
  const { code, errors } = await audit(['verify', folder.file]);
  expect(code).toBe(1);
  expect(errors).toContain(`audit-000000000000.jsonl: seq ${seq}: ${why}`);
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
  await (await openThreadless(other.file)).close();
  const foreign = JSON.parse(readFileSync(other.file, 'utf8').split('\n')[0] ?? '').segment.vkey;
  expect((await audit(['verify', file, '--vkey', foreign])).code).toBe(1);
});

test('verify tells a fleet’s logs apart and names a missing one', async () => {
  await using fleet = createFolder();
  for (const pod of ['a', 'b']) {
    const folder = join(fleet.path, pod);
    mkdirSync(folder);
    await (
      await openThreadless(join(folder, 'audit.jsonl'), { origin: `fleet.example/${pod}` })
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

test('verify exits 3 for a checkpoint older than the first entry kept', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file, {
    ...{ checkpointEntries: 10, maxBytes: 16_000, keepSegments: 1 },
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

test('verify exits 3 for a checkpoint over more than the closed segment that was named', async () => {
  const closed = join(whole.path, 'audit-000000000000.jsonl');
  expect((await audit(['verify', closed])).code).toBe(0);
  const { code, errors } = await audit(['verify', closed, '--checkpoint', `${file}.checkpoint`]);
  expect(code).toBe(3);
  expect(errors).toMatch(/checkpoint covers more than .*000\.jsonl, which ends at seq \d+\n$/);
});

test('closed segments that are named together are one log, of which none may be missing', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  for (let closed = 0; closed < 3; closed += 1) {
    await fill(log, 2);
    log.reopen();
  }
  await log.close();
  const named = () =>
    readdirSync(folder.path)
      .filter((name) => name.endsWith('.jsonl'))
      .toSorted()
      .map((name) => join(folder.path, name));
  const [first = '', second = '', third = ''] = named().filter((path) => path !== folder.file);
  expect((await audit(['verify', second, first])).output).toContain(`${folder.file}: intact\n`);
  // The live file is gone, so that a pattern names the others; its checkpoint is not.
  rmSync(folder.file);
  const cut = await audit(['verify', ...named()]);
  expect([cut.code, cut.errors]).toEqual([1, expect.stringContaining('the log ends here')]);
  rmSync(`${folder.file}.checkpoint`);
  expect((await audit(['verify', ...named()])).code).toBe(0);
  expect((await audit(['verify', second, third])).code).toBe(0);
  rmSync(second);
  const { code, errors } = await audit(['verify', ...named()]);
  expect([code, errors]).toEqual([1, expect.stringMatching(/entries \d+ to \d+ are missing/)]);
});

test('verify exits 3 for a file of origins that names none', async () => {
  await using folder = createFolder();
  const origins = join(folder.path, 'origins');
  writeFileSync(origins, '# fleet.example/a\n\n');
  const { code, errors } = await audit(['verify', file, '--origins', origins]);
  expect([code, errors]).toEqual([3, expect.stringContaining('names no origin')]);
});

test('verify exits 1 for a checkpoint whose log is not given', async () => {
  await using other = createFolder();
  await (await openThreadless(other.file, { origin: 'fleet.example/other' })).close();
  const checkpoint = `${other.file}.checkpoint`;
  expect((await audit(['verify', file, other.file, '--checkpoint', checkpoint])).code).toBe(0);
  const lost = await audit(['verify', file, '--checkpoint', checkpoint]);
  expect(lost).toMatchObject({ code: 1 });
  expect(lost.errors).toContain('no log of fleet.example/other');
});
