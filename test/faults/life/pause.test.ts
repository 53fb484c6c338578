import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startBuilt } from '../../helpers/start-built.ts';

const TRACE = '--trace-memory-reducer';

const folder = mkdtempSync(join(tmpdir(), 'pause-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('V8 plans no collection for a pause, as it would by default, so compiled code stays', async () => {
  const proxy = await startBuilt(`${folder}/ours.jsonl`, TRACE);
  // Started later, so the first would have planned one by the time this has.
  const usual = await startBuilt(`${folder}/usual.jsonl`, TRACE, '--memory-reducer');
  await usual.matches(/Memory reducer: waiting/, 60_000);
  expect(proxy.output()).not.toContain('Memory reducer');
  expect([await proxy.stop(), await usual.stop()]).toEqual([0, 0]);
});
