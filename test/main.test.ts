import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { wrongNode } from '../src/cli/node-version.ts';
import { VERSION } from '../src/version.ts';
import { fill } from './audit/fault-world.ts';
import { createFolder, openAudit } from './audit/world.ts';
import { builtProgram } from './helpers/built-program.ts';

const PROGRAM = await builtProgram();

const main = (...args: string[]) =>
  spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });

test('--version prints the same as re-encrypt --version', () => {
  const { status, stdout } = main('--version');
  expect([status, stdout]).toEqual([0, `kms-reencrypt-proxy/${VERSION}\n`]);
  expect(main('re-encrypt', '--version').stdout).toBe(stdout);
});

test('an unknown command is refused with a list of commands', () => {
  const { status, stdout, stderr } = main('audti');
  expect([status, stdout]).toEqual([64, '']);
  expect(stderr).toMatch(/^kms-reencrypt-proxy: there is no command 'audti'\n.* {2}audit /s);
});

test('help COMMAND is COMMAND --help', () => {
  const { status, stdout } = main('help', 'audit', 'hash');
  expect([status, stdout]).toEqual([0, main('audit', 'hash', '--help').stdout]);
  expect(stdout).toMatch(/^Usage: kms-reencrypt-proxy audit hash /);
});

test('a Node.js older than package.json requires is refused in one sentence', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
  const [, least = ''] = /^>=(\d+\.\d+)$/.exec(engines.node) ?? [];
  const [major, minor] = least.split('.').map(Number) as [number, number];
  expect(wrongNode(`v${major}.${minor}.0`)).toBe('');
  expect(wrongNode(`v${major + 1}.0.0`)).toBe('');
  expect(wrongNode(`v${major}.${minor - 1}.9`)).toContain(`Node.js ${least} or later`);
  expect(wrongNode('v20.20.2')).toBe(`needs Node.js ${least} or later, and this is v20.20.2`);
});

test('a server that never ends its TLS handshake does not keep a command', async () => {
  const sockets: Socket[] = [];
  const half = Buffer.from([22, 3, 3, 0, 100, 2, 0]);
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).write(half);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const args = ['health', '--timeout', '1', '--endpoint-url', `grpcs://127.0.0.1:${port}`];
  const child = spawn(process.execPath, [PROGRAM, ...args], { timeout: 20_000 });
  expect(await once(child, 'exit')).toEqual([1, null]);
  for (const socket of sockets) socket.destroy();
  server.close();
});

describe.skipIf(!existsSync('/dev/full'))('when standard output is full', () => {
  test.each([
    ['--version', 74],
    ['completion bash', 74],
    ['re-encrypt --generate-cli-skeleton input', 255],
  ])('%s says so in one sentence and exits %i', (args, exit) => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args.split(' ')], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect(stderr.trim()).toMatch(/^kms-reencrypt-proxy: .*standard output.*ENOSPC.*$/);
    expect(status).toBe(exit);
  });

  test('audit export, which waits for room, says so too', async () => {
    await using folder = createFolder();
    const audit = await openAudit(folder.file);
    await fill(audit, 20);
    await audit.close();
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(
      process.execPath,
      [PROGRAM, 'audit', 'export', folder.file],
      { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' },
    );
    closeSync(full);
    expect(stderr.trim()).toMatch(/^kms-reencrypt-proxy: standard output .*ENOSPC.*$/);
    expect(status).toBe(74);
  });
});

test('the exit code is the same when nobody reads standard error', () => {
  const script = `exec 3>&1; (${process.execPath} ${PROGRAM} no-such 3>&-; echo $? >&3) 2>&1 >/dev/null | exit`;
  const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  expect(stdout).toBe('64\n');
});
