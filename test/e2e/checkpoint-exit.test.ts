import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isSigned, parseNote, parseVkey } from '../../src/audit/log/note.ts';
import { run } from '../../src/cli/audit/run.ts';
import { createFolder } from '../audit/world.ts';
import { createTerminal } from '../cli/audit/terminal.ts';
import { startProxy } from '../helpers/proxy.ts';

test('each checkpoint leaves the host on standard output and by HTTP, the last of a run too', async () => {
  const kept: string[] = [];
  const keeper = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    kept.push(Buffer.concat(chunks).toString());
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => keeper.once('listening', ready));
  const { port } = keeper.address() as AddressInfo;
  const proxy = await startProxy([
    'audit.checkpoint.every_ms=100',
    'audit.checkpoint.stdout=true',
    `audit.checkpoint.post.url=http://127.0.0.1:${port}/checkpoints`,
  ]);
  const [{ segment }] = proxy.entries() as [{ segment: { vkey: string } }];
  await expect.poll(() => kept.length, { timeout: 5_000 }).toBeGreaterThan(0);
  await proxy.stop();
  keeper.close();

  const printed = proxy.printed.map((line) => JSON.parse(line).checkpoint);
  expect(printed.at(-1)).toBe(kept.at(-1));
  expect(printed.length).toBeGreaterThan(1);
  for (const note of [...printed, ...kept]) {
    expect(isSigned(parseNote(note), [parseVkey(segment.vkey)])).toBe(true);
  }
  expect(proxy.logged.filter((line) => line.includes('checkpoint'))).toEqual([]);
});

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
