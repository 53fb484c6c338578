import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it, test } from 'vitest';
import { type BeginningHost, beginSmall, MALLOC_ENV } from '../../src/life/begin-small.ts';
import { WARM_FLAG, YOUNG_FLAG } from '../../src/life/heap.ts';
import { startBuilt } from '../helpers/start-built.ts';

/** As /proc shows them. */
const SET = Object.entries(MALLOC_ENV).map(([name, value]) => `${name}=${value}`);

describe.runIf(process.platform === 'linux')('serve', () => {
  test('restarts in the same process, with its flags and arguments, and smaller malloc and heap limits', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'malloc-'));
    const child = await startBuilt(`${folder}/audit.jsonl`, '--disable-proto=delete');
    const read = (file: string) => readFileSync(`/proc/${child.pid}/${file}`, 'utf8').split('\0');
    expect(read('environ')).toEqual(expect.arrayContaining(SET));
    expect(read('cmdline').slice(1, 4)).toEqual([WARM_FLAG, YOUNG_FLAG, '--disable-proto=delete']);
    expect(await child.stop()).toBe(0);
  });
});

class Replaced extends Error {}

const HOST: BeginningHost = {
  argv: ['/bin/node', '/main.js', 'serve', '--config', 'a b'],
  connected: false,
  env: { HOME: '/' },
  execArgv: ['--no-opt'],
  execPath: '/bin/node',
  platform: 'linux',
  execve: (...call) => {
    throw new Replaced(JSON.stringify(call));
  },
};

it('passes on the program, its flags, its arguments and its environment', () => {
  const argv = [
    '/bin/node',
    WARM_FLAG,
    YOUNG_FLAG,
    '--no-opt',
    '/main.js',
    'serve',
    '--config',
    'a b',
  ];
  const call = ['/bin/node', argv, { HOME: '/', ...MALLOC_ENV }];
  expect(() => beginSmall(HOST)).toThrow(new Replaced(JSON.stringify(call)));
});

it.each<[string, Partial<BeginningHost>]>([
  ['on the command line', { execArgv: ['--max_semi_space_size=32'] }],
  ['in NODE_OPTIONS', { env: { NODE_OPTIONS: '--max-semi-space-size=32' } }],
])('does not size a young generation that is sized %s', (_, differs) => {
  expect(() => beginSmall({ ...HOST, ...differs })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining(YOUNG_FLAG) }),
  );
});

it.each<[string, Partial<BeginningHost>]>([
  ['the number of arenas is set', { env: { MALLOC_ARENA_MAX: '4' } }],
  ['glibc is tuned', { env: { GLIBC_TUNABLES: 'glibc.malloc.arena_max=2' } }],
  ['Node may not execute anything', { permission: {} }],
  ['a parent listens on a channel', { connected: true }],
  ['there is no glibc', { platform: 'darwin' }],
  ['there is no /proc to say where Node is', { execPath: 'node' }],
  ['Node is too old', { execve: undefined as never }],
])('does not restart when %s', (_, differs) => {
  expect(() => beginSmall({ ...HOST, ...differs })).not.toThrow();
});

it.each(['Dockerfile', 'package.json'])('%s sets the same, to avoid a restart', (file) => {
  const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
  expect(text).toContain(SET.join(' '));
  expect(text).toContain(YOUNG_FLAG);
  expect(text).toContain(WARM_FLAG);
});
