import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test, vi } from 'vitest';
import { parseNote } from '../../../src/audit/log/note.ts';
import { run } from '../../../src/cli/audit/run.ts';
import { fill } from '../../audit/fault-world.ts';
import { createFolder, openAudit, openThreadless } from '../../audit/world.ts';
import { builtProgram } from '../../helpers/built-program.ts';
import { createTerminal } from '../../helpers/run-command.ts';

const PROGRAM = await builtProgram();

function watch(...args: readonly string[]) {
  const terminal = createTerminal();
  const ended = run(['verify', '--follow', ...args], terminal);
  return { output: terminal.output, errors: terminal.errors, ended };
}

/** The command as its users run it: only a process can be interrupted, or lose its reader. */
function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [PROGRAM, 'audit', ...args]);
  let [output, errors] = ['', ''];
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => output, errors: () => errors, ended };
}

/** In place: the log itself would notice a file that is shorter for a moment. */
function overwrite(file: string, before: string, after: string): void {
  const at = readFileSync(file).indexOf(before);
  const fd = openSync(file, 'r+');
  writeSync(fd, after, at);
  closeSync(fd);
}

const signed = (file: string) => parseNote(readFileSync(`${file}.checkpoint`, 'utf8')).size;
const last = ({ output }: { output(): string }) =>
  Number(/.*seq (\d+)\n$/s.exec(output())?.[1] ?? -1) + 1;
const CLOSED = /-\d{12}\.jsonl$/;
const WITHIN = { timeout: 30_000 };
vi.setConfig({ testTimeout: 60_000 });

test.concurrent('a log that grows and rotates is verified up to its checkpoint; SIGINT exits 0', async ({
  expect,
}) => {
  await using folder = createFolder();
  const { file } = folder;
  const audit = await openAudit(file, { checkpointEntries: 10, maxBytes: 12_000 });
  await fill(audit, 20);
  const following = start('verify', '--follow', file);
  await expect.poll(() => last(following) - signed(file), WITHIN).toBe(0);
  await fill(audit, 40);
  await expect.poll(() => last(following) - signed(file), WITHIN).toBe(0);
  await audit.close();
  await expect.poll(() => last(following) - signed(file), WITHIN).toBe(0);
  following.child.kill('SIGINT');
  expect(await following.ended, following.errors()).toBe(0);
  expect(following.errors()).toBe('');
});

test.concurrent('a log torn by a crash is still followed: the next start repairs it', async ({
  expect,
}) => {
  await using folder = createFolder();
  const { file } = folder;
  const before = await openAudit(file);
  await fill(before, 20);
  await before.close();
  appendFileSync(file, '{"kind":"in');
  const following = start('verify', '--follow', file);
  await expect.poll(() => following.output(), WITHIN).toContain('audit.jsonl: torn\n');
  const audit = await openAudit(file);
  await fill(audit, 20);
  await audit.close();
  await expect.poll(() => last(following) - signed(file), WITHIN).toBe(0);
  following.child.kill('SIGINT');
  expect(await following.ended, following.errors()).toBe(0);
});

const touches: readonly (readonly [string, (file: string, older: string) => void, RegExp])[] = [
  ['cut', (file: string) => truncateSync(file, 600), /: the file is shorter than it was/],
  [
    'taken back to an older checkpoint',
    (file: string, older: string) => writeFileSync(`${file}.checkpoint`, older),
    /: the checkpoint covers \d+ entries, and covered \d+/,
  ],
  [
    'given a checkpoint over as many other entries',
    (file: string) => {
      const lines = readFileSync(`${file}.checkpoint`, 'utf8').split('\n');
      lines[2] = Buffer.alloc(32, 7).toString('base64');
      writeFileSync(`${file}.checkpoint`, lines.join('\n'));
    },
    /: the checkpoint covers other entries than before/,
  ],
  [
    'given a checkpoint over more that nobody signed',
    (file: string) => {
      const lines = readFileSync(`${file}.checkpoint`, 'utf8').split('\n');
      lines[1] = '99999';
      writeFileSync(`${file}.checkpoint`, lines.join('\n'));
    },
    /: the checkpoint has a signature of .* that does not verify/,
  ],
  [
    'left without a checkpoint',
    (file: string) => rmSync(`${file}.checkpoint`),
    /: the checkpoint is gone/,
  ],
  [
    'given a checkpoint that is none',
    (file: string) => writeFileSync(`${file}.checkpoint`, 'none'),
    /: audit\.jsonl\.checkpoint: /,
  ],
];

for (const [how, tamper, why] of touches) {
  test.concurrent(`exits 1 if the log is ${how} while it is followed`, async ({ expect }) => {
    await using folder = createFolder();
    const { file } = folder;
    const audit = await openAudit(file);
    await fill(audit, 20);
    audit.reopen();
    await expect.poll(() => existsSync(`${file}.checkpoint`), WITHIN).toBe(true);
    const older = readFileSync(`${file}.checkpoint`, 'utf8');
    await fill(audit, 20);
    await audit.close();
    const following = watch(file);
    await expect.poll(() => last(following) - signed(file), WITHIN).toBe(0);
    tamper(file, older);
    expect(await following.ended).toBe(1);
    expect(following.errors()).toMatch(why);
  });
}

test.concurrent('an entry changed before it is signed for is named and exits 1', async ({
  expect,
}) => {
  await using folder = createFolder();
  const { file } = folder;
  const audit = await openAudit(file, { checkpointMs: 1_000_000 });
  await fill(audit, 3);
  audit.reopen();
  await expect.poll(() => existsSync(`${file}.checkpoint`), WITHIN).toBe(true);
  const following = watch(file);
  await expect.poll(() => last(following) - signed(file), WITHIN).toBe(0);
  await fill(audit, 3);
  overwrite(file, '"released"', '"withheld"');
  await audit.close();
  expect(await following.ended).toBe(1);
  expect(following.errors()).toMatch(/seq \d+: /);
});

test.concurrent('a key that is not the log’s exits 1 at once, even with --follow', async ({
  expect,
}) => {
  await using folder = createFolder();
  const audit = await openAudit(folder.file);
  await audit.close();
  await using other = createFolder();
  const foreign = await openAudit(other.file);
  const { vkey } = foreign.status();
  await foreign.close();
  const following = watch(folder.file, '--vkey', vkey);
  expect(await following.ended).toBe(1);
});

test.concurrent('a signing key that is new while its log is followed must have been named', async ({
  expect,
}) => {
  await using folder = createFolder();
  await using other = createFolder();
  const { file } = folder;
  const [old, later] = [await openAudit(file), await openAudit(other.file)];
  const keys = [old, later].flatMap((audit) => ['--vkey', audit.status().vkey]);
  await Promise.all([old.close(), later.close()]);
  const [named, unnamed] = [start('verify', '--follow', file, ...keys), watch(file)];
  for (const one of [named, unnamed]) {
    await expect.poll(() => last(one) - signed(file), WITHIN).toBe(0);
  }
  const audit = await openAudit(file, { signingKeyFile: `${other.file}.key` });
  await audit.close();
  await expect.poll(() => last(named) - signed(file), WITHIN).toBe(0);
  named.child.kill('SIGINT');
  expect([await named.ended, named.errors()]).toEqual([0, '']);
  expect(await unnamed.ended).toBe(1);
  expect(unnamed.errors()).toContain('is not signed by a known key');
});

test.concurrent('exits 3, not 1, if entries were deleted before it had read them', async ({
  expect,
}) => {
  await using folder = createFolder();
  const { file, path } = folder;
  const audit = await openAudit(file, { checkpointEntries: 1, maxBytes: 8_000 });
  const following = start('verify', '--follow', file);
  await expect.poll(() => following.output(), WITHIN).toContain('intact through');
  following.child.kill('SIGSTOP');
  await fill(audit, 20);
  await audit.close();
  for (const name of readdirSync(path)) if (CLOSED.test(name)) rmSync(join(path, name));
  following.child.kill('SIGCONT');
  expect([await following.ended, following.errors()]).toEqual([
    3,
    expect.stringContaining('entries were deleted before they were read'),
  ]);
});

test.concurrent('--follow takes one log, and exits 3 for two', async ({ expect }) => {
  await using folder = createFolder();
  for (const name of ['a.jsonl', 'b.jsonl']) {
    await (await openThreadless(join(folder.path, name))).close();
  }
  const following = watch(folder.path);
  expect(await following.ended).toBe(3);
  expect(following.errors()).toContain('--follow takes one log');
});

test.concurrent('a command that follows a log exits 0 once nobody reads its output', async ({
  expect,
}) => {
  await using folder = createFolder();
  const { file } = folder;
  const audit = await openAudit(file, { checkpointEntries: 10 });
  await fill(audit, 20);
  for (const command of ['verify', 'tail']) {
    const follower = start(command, '--follow', file);
    await expect.poll(() => follower.output(), WITHIN).not.toBe('');
    follower.child.stdout?.destroy();
    const writing = setInterval(() => void fill(audit, 10), 100);
    expect(await follower.ended).toBe(0);
    clearInterval(writing);
  }
  await audit.close();
});
