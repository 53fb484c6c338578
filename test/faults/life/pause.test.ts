import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, test } from 'vitest';
import { builtProgram } from '../../helpers/built-program.ts';
import { type Child, startChild } from '../../interop/helpers/child.ts';

const PROGRAM = await builtProgram();
const folder = mkdtempSync(join(tmpdir(), 'pause-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('V8 plans no collection for a pause, as it would by default, so compiled code stays', async () => {
  const proxy = await startIdle('ours');
  // Started later, so the first would have planned one by the time this has.
  const usual = await startIdle('usual', '--memory-reducer');
  await usual.matches(/Memory reducer: waiting/, 60_000);
  expect(proxy.output()).not.toContain('Memory reducer');
  expect([await proxy.stop(), await usual.stop()]).toEqual([0, 0]);
});

async function startIdle(name: string, ...flags: readonly string[]): Promise<Child> {
  const free = ['grpc.listen', 'kms_json.listen', 'probe.listen'].map((at) => `${at}=127.0.0.1:0`);
  const settings = [...free, `audit.file=${folder}/${name}.jsonl`, 'life.lame_duck_ms=0'];
  const sets = settings.flatMap((setting) => ['--set', setting]);
  const args = ['--trace-memory-reducer', ...flags, PROGRAM, 'serve', '--config'];
  const env = { MALLOC_ARENA_MAX: undefined, GLIBC_TUNABLES: undefined };
  const child = startChild(process.execPath, [...args, 'config/demo.yaml', ...sets], { env });
  await child.matches(/gRPC on/);
  return child;
}
