import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../src/cli/audit/run.ts';
import { fill } from '../../audit/fault-world.ts';
import { createFolder, openAudit } from '../../audit/world.ts';
import { startProxy } from '../../helpers/proxy.ts';
import { createTerminal } from './terminal.ts';

test.each([
  ['standard output', true],
  ['the log of the process', false],
])('docs/audit.md makes of a line on %s a checkpoint that shows a cut tail', async (_, stdout) => {
  await using folder = createFolder();
  const { file } = folder;
  const proxy = await startProxy([`audit.file=${file}`, `audit.checkpoint.stdout=${stdout}`]);
  await proxy.stop();
  const line = (stdout ? proxy.printed : proxy.logged).findLast((it) => it.includes('checkpoint'));
  const [, command = ''] = /`(node -e [^`]+)`/.exec(readFileSync('docs/audit.md', 'utf8')) ?? [];
  const kept = join(folder.path, 'kept.note');
  writeFileSync(kept, execFileSync('sh', ['-c', command], { input: `${line}\n` }));
  const verify = (...args: readonly string[]) => run(['verify', file, ...args], createTerminal());
  expect(await verify('--checkpoint', kept)).toBe(0);

  const whole = readFileSync(file);
  truncateSync(file, whole.lastIndexOf('\n', whole.length - 2) + 1);
  rmSync(`${file}.checkpoint`);
  expect(await verify()).toBe(0);
  expect(await verify('--checkpoint', kept)).toBe(1);
});

test('a kept checkpoint shows a log of the same size that the key on the host has signed anew', async () => {
  await using folder = createFolder();
  const { file } = folder;
  const write = async () => {
    const audit = await openAudit(file);
    await fill(audit, 3);
    await audit.close();
    return readFileSync(`${file}.checkpoint`, 'utf8');
  };
  const kept = join(folder.path, 'kept.note');
  writeFileSync(kept, await write());
  for (const name of [file, `${file}.checkpoint`]) rmSync(name);
  const forged = await write();
  const sizeOf = (note: string) => note.split('\n')[1];
  expect(sizeOf(forged)).toBe(sizeOf(readFileSync(kept, 'utf8')));
  const verify = (...args: readonly string[]) => run(['verify', file, ...args], createTerminal());
  expect(await verify()).toBe(0);
  expect(await verify('--checkpoint', kept)).toBe(1);
});
