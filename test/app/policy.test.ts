import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProxy } from '../helpers/proxy.ts';

const WITHIN = { timeout: 10_000 };

test('a bundle that is refused is logged, and so is that the one that serves is back', async () => {
  const source = join(mkdtempSync(join(tmpdir(), 'policy-')), 'bundle.tar.gz');
  copyFileSync('policies/bundle.tar.gz', source);
  const proxy = await startProxy([`policy.source=${source}`]);
  const last = () => JSON.parse(proxy.logged.at(-1) ?? '{}').msg;
  writeFileSync(source, 'rubbish');
  await expect.poll(last, WITHIN).toMatch(/^policy refused: /);
  copyFileSync('policies/bundle.tar.gz', source);
  await expect.poll(last, WITHIN).toBe('policy is again the one that serves');
  await proxy.stop();
});
