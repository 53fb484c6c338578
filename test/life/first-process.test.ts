import { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { endAsFirst } from '../../src/life/first-process.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { startChild } from '../interop/helpers/child.ts';

/** Runs a program as process 1 of its own PIDs, like a container. */
const AS_FIRST = ['--pid', '--fork', '--kill-child'];
const canUnshare =
  process.env['CI'] === 'true' || spawnSync('unshare', [...AS_FIRST, 'true']).status === 0;

test.runIf(canUnshare)('a command in a container ends at SIGTERM', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'first-'));
  const items = join(folder, 'items.jsonl');
  const item = { reference: 'a', ciphertext_blob: 'AA==', destination_key_id: 'alias/a' };
  writeFileSync(items, JSON.stringify(item));
  const bulk = ['bulk', items, join(folder, 'results.jsonl'), '--endpoint-url', '127.0.0.1:1'];
  const program = [process.execPath, await builtProgram(), ...bulk];
  const child = startChild('unshare', [...AS_FIRST, ...program]);
  await child.matches(/trying again/);
  const first = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
  process.kill(first, 'SIGTERM');
  expect(await child.ended()).toBe(143);
});

test('leaves a signal to a command that listens to it', () => {
  const host = createHost(1);
  endAsFirst(host);
  const end = () => undefined;
  host.on('SIGTERM', end).emit('SIGTERM');
  expect(host.codes).toEqual([]);
  host.off('SIGTERM', end).emit('SIGTERM');
  expect(host.codes).toEqual([143]);
});

test('leaves every other process as it is', () => {
  const host = createHost(2);
  endAsFirst(host);
  expect(host.eventNames()).toEqual([]);
});

function createHost(pid: number) {
  const codes: number[] = [];
  const exit = (code: number) => {
    codes.push(code);
    return undefined as never;
  };
  return Object.assign(new EventEmitter(), { pid, codes, exit }) as unknown as NodeJS.Process & {
    readonly codes: number[];
  };
}
