import { mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProxy } from './helpers/proxy.ts';

const ECHO = 'test/fixtures/policies/echo/bundle.tar.gz';

test('a reload opens the audit file anew, also where the bundle is only half written', async () => {
  const bundle = join(mkdtempSync(join(tmpdir(), 'reload-')), 'bundle.tar.gz');
  const whole = readFileSync(ECHO);
  writeFileSync(bundle, whole);
  const proxy = await startProxy([`policy.source=${bundle}`]);
  const moved = join(proxy.folder, 'audit.jsonl.1');
  writeFileSync(bundle, whole.subarray(0, 100));
  renameSync(join(proxy.folder, 'audit.jsonl'), moved);
  await expect(proxy.reload()).rejects.toThrow('no whole gzipped tar');
  await expect.poll(() => readFileSync(moved, 'utf8')).toContain('"kind":"segment_close"');
  await expect.poll(() => proxy.entries().map(({ kind }) => kind)).toContain('reload');
  expect(proxy.logged.join('')).not.toContain('suspended');
  await proxy.stop();
});

test('the audit log says which policies a run began with, before any call', async () => {
  const proxy = await startProxy([`policy.candidate=${ECHO}`]);
  await expect.poll(() => proxy.entries().filter(({ kind }) => kind === 'reload')).toHaveLength(2);
  const policies = proxy.entries().flatMap(({ reload }) => reload ?? []);
  const activated = { outcome: 'activated', sentence: '' };
  expect(policies).toEqual([
    { ...activated, policy: 'serving', revision: 'example-2' },
    { ...activated, policy: 'candidate', revision: expect.any(String) },
  ]);
  await proxy.stop();
});
