import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCapture } from '../../src/policy/capture.ts';

test('inputs that a disk does not take in time are left out whole, so that memory stays bounded', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'capture-')), 'capture.jsonl');
  const capture = createCapture(path);
  const input = JSON.stringify({ padding: 'x'.repeat(1 << 20) });
  // Nothing is written before this turn ends.
  for (let call = 0; call < 20; call += 1) capture.write(input, { effect: 'allow', rule: 'demo' });
  await capture.close();
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(JSON.parse(line).result.rule).toBe('demo');
});
