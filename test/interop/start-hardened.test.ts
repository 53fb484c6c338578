import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startChild } from './helpers/child.ts';
import { freePort } from './helpers/ports.ts';
import { untilReady } from './helpers/proxy.ts';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));

test('start:hardened creates the folder that it may write to, serves, and exits cleanly', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hardened-'));
  // As in a fresh clone, where there is none.
  const work = join(folder, 'work');
  const command = String(scripts['start:hardened'])
    .replace('.work', work)
    .replace('--allow-fs-read=.', `--allow-fs-read=. --allow-fs-read='${work}/*'`);
  const probe = await freePort();
  const settings = [
    'grpc.listen=127.0.0.1:0',
    'kms_json.listen=127.0.0.1:0',
    `probe.listen=127.0.0.1:${probe}`,
    `audit.file=${work}/audit/audit.jsonl`,
    'life.lame_duck_ms=0',
  ];
  const sets = settings.map((setting) => `--set ${setting}`).join(' ');
  const child = startChild('bash', ['-c', `exec ${command} ${sets}`]);
  await untilReady(`http://127.0.0.1:${probe}/readyz`, child);
  expect(existsSync(`${work}/audit/audit.jsonl`)).toBe(true);
  expect(await child.stop()).toBe(0);
  rmSync(folder, { recursive: true });
});
