import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { redactorOf } from '../../../src/audit/options.ts';
import { checkpointIn } from '../../../src/cli/audit/arguments.ts';
import { fill } from '../../audit/fault-world.ts';
import { createForge } from '../../audit/forge.ts';
import { createFolder, openThreadless } from '../../audit/world.ts';
import { runAudit as audit } from './run-audit.ts';
import { makeWhole } from './whole-log.ts';

const { whole, file, copied } = makeWhole();

const vkeyIn = (log: string) =>
  JSON.parse(readFileSync(log, 'utf8').split('\n')[0] ?? '').segment.vkey;

test('prove makes a proof that holds for its entry and no other, by a key that is trusted', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await log.close();
  const [entry, proof] = [join(folder.path, 'entry'), join(folder.path, 'proof')];
  const { output } = await audit(['prove', '9', file, '--entry', entry]);
  writeFileSync(proof, output);
  const check = (...more: readonly string[]) => audit(['prove', '--check', proof, ...more]);
  const [of, own] = [
    ['--entry', entry],
    ['--vkey', vkeyIn(file)],
  ] as const;
  const holds = { code: 0, output: expect.stringContaining(`${entry} is entry 9 of the `) };
  expect(await check(...of, ...own)).toMatchObject(holds);
  const line = readFileSync(entry, 'utf8');
  writeFileSync(entry, `${line.trimEnd()}\n`);
  expect(await check(...of, ...own)).toMatchObject(holds);

  const foreign = await check(...of, '--vkey', vkeyIn(folder.file));
  expect(foreign).toMatchObject({ code: 1, output: '' });
  expect(foreign.errors).toContain('the checkpoint is not signed by');
  for (const few of [of, own]) {
    const { code, errors } = await check(...few);
    expect([code, errors]).toEqual([3, expect.stringContaining('needs --entry and --vkey')]);
  }
  for (const [from, to, code] of [
    ['index 9\n', `index ${9 + 2 ** 20}\n`, 1],
    ['=\n', '\n', 3],
    ['=\n', '=x\n', 3],
    ['proof@v1\n', 'proof@v2\n', 3],
    ['index 9\n', 'index 09\n', 3],
    ['index 9\n', 'an index 9\n', 3],
  ] as const) {
    writeFileSync(proof, output.replace(from, to));
    expect(await check(...of, ...own), from).toMatchObject({ code, output: '' });
  }
  writeFileSync(proof, output);
  writeFileSync(entry, line.replace('"seq":9', '"seq":8'));
  expect(await check(...of, ...own)).toMatchObject({ code: 1, output: '' });
});

test('nothing is proved of a log that was changed since it was signed for', async () => {
  await using folder = copied();
  const [checkpoint, segment] = [
    `${folder.file}.checkpoint`,
    join(folder.path, 'audit-000000000000.jsonl'),
  ];
  const text = readFileSync(segment, 'utf8');
  writeFileSync(segment, text.replace('"kind":"outcome"', '"kind":"outcomf"'));
  const proved = await audit(['prove', '9', folder.file]);
  expect(proved).toMatchObject({ code: 1, output: '' });
  expect(proved.errors).toContain(`is not what ${checkpoint} was signed for`);
  const grown = await audit(['consistency', checkpoint, checkpoint, '--log', folder.file]);
  expect(grown).toMatchObject({ code: 1, output: '' });
  expect(grown.errors).toContain('the log has another root at this size');
});

test.each(['', '0x2', '-1', 'two'])('prove takes no seq but a number: %j', async (seq) => {
  const { code, output, errors } = await audit(['prove', '--', seq, file]);
  expect({ code, output }).toEqual({ code: 3, output: '' });
  expect(errors).toContain('name the seq of an entry');
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
  const { errors } = await audit(['hash', 'x', '--key', folder.path]);
  expect(errors).toContain(`${folder.path}: EISDIR`);
});

test('exits 3 for a folder of two logs where one is needed, and for a file that is no checkpoint', async () => {
  await using folder = createFolder();
  for (const name of ['a.jsonl', 'b.jsonl']) {
    await (await openThreadless(join(folder.path, name))).close();
  }
  const note = join(folder.path, 'kept.note');
  writeFileSync(note, 'none\n');
  const log = join(folder.path, 'a.jsonl');
  const two = `${folder.path} holds 2 logs; name one`;
  for (const [args, why] of [
    [['tail', folder.path], two],
    [['prove', '0', folder.path], two],
    [['consistency', note, note, '--log', log], `${note}: not a checkpoint`],
    [['verify', log, '--checkpoint', note], `${note}: not a checkpoint`],
  ] as const) {
    const { code, errors } = await audit(args);
    expect([code, errors]).toEqual([3, `kms-reencrypt-proxy audit: ${why}\n`]);
  }
});

test('verify says how many bytes were given up and never acknowledged', async () => {
  await using folder = createFolder();
  const forge = createForge();
  const segment = Buffer.concat([forge.head(), forge.entries(3), Buffer.from('{"half"')]);
  const predecessor = { file: 'audit.jsonl', bytes: 0, closed: 'EIO' };
  writeFileSync(join(folder.path, 'audit-000000000000.jsonl'), segment);
  writeFileSync(folder.file, forge.head({ predecessor }));
  writeFileSync(`${folder.file}.checkpoint`, await forge.note());
  const { code, output, errors } = await audit(['verify', folder.file]);
  expect([code, errors]).toEqual([0, '']);
  expect(output).toMatch(/^ +abandoned +7 bytes that were never acknowledged$/m);
});

test('consistency exits 3, not 1, for checkpoints in the wrong order', async () => {
  await using folder = copied();
  const older = join(folder.path, 'older.note');
  const note = readFileSync(folder.file, 'utf8').match(/"note":"[^"]+"/)?.[0] ?? '';
  writeFileSync(older, JSON.parse(`{${note}}`).note);
  const [first, last] = [older, `${folder.file}.checkpoint`];
  const proved = await audit(['consistency', first, last, '--log', file]);
  expect([proved.code, proved.output]).toEqual([
    0,
    expect.stringMatching(/^\d+ \d+\n([A-Za-z0-9+/]{43}=\n)+$/),
  ]);
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

test.each([
  ['hash', 'name the install key with --key'],
  ['stats', 'name a log file or folder, or set KRP_AUDIT__FILE'],
])('%s exits 3 if nothing says where to look', async (command, why) => {
  const { code, output, errors } = await audit([command]);
  expect([code, output, errors]).toEqual([3, '', `kms-reencrypt-proxy audit: ${why}\n`]);
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
  const redactor = redactorOf({ file, hmacKeyFile: text, clearContextKeys: [], warn() {} });
  expect(redactor.mark('invoice')).toBe(output.trim());
});

test('consistency names a key once, however many segments name it', async () => {
  await using folder = createFolder();
  const log = await openThreadless(folder.file);
  await fill(log, 3);
  await log.close();
  const [own, foreign] = [`${file}.checkpoint`, `${folder.file}.checkpoint`];
  const { errors } = await audit(['consistency', foreign, own, '--log', file]);
  expect(errors).toMatch(/is not signed by a known key, but by \S+; known: [^,]+$/);
});
