import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { expect, it } from 'vitest';
import { freePort } from './helpers/ports.ts';
import { describeWith, TOOLS_PATH } from './helpers/tools.ts';

const GUIDE = readFileSync('docs/policy.md', 'utf8');
const commands = [...GUIDE.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, script = '']) => script);

/** The ports that the page uses, which may be taken here. */
const PORTS = ['50951', '50980', '50964'];

describeWith(['opa', 'openssl'], 'docs/policy.md', () => {
  it(`takes a newcomer from an empty folder to an enforced policy, by its ${commands.length} scripts`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'policy-guide-'));
    const bin = mkdtempSync(join(tmpdir(), 'policy-guide-bin-'));
    const main = resolve('src/main.ts');
    writeFileSync(
      join(bin, 'kms-reencrypt-proxy'),
      `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`,
    );
    chmodSync(join(bin, 'kms-reencrypt-proxy'), 0o755);
    let scripts = commands.join('\n');
    for (const port of PORTS) scripts = scripts.replaceAll(port, String(await freePort()));
    const script = `set -eu\ntrap 'kill "\${PROXY:-}" 2>/dev/null || true' EXIT\n${scripts}`;
    const output = execFileSync('bash', ['-c', script], {
      cwd: folder,
      env: { ...process.env, PATH: `${bin}:${TOOLS_PATH}`, POLICIES: resolve('policies') },
      encoding: 'utf8',
      timeout: 100_000,
    });
    expect(output).toMatch(/^first\.tar\.gz: first [0-9a-f]{64}$/m);
    expect(output).toContain('4 passed, 0 failed');
    expect(output).toMatch(/^PASS: (\d+)\/\1$/m);
    expect(output).toMatch(/source key: rule orders-to-archive is not for this source key/);
    expect(output).toMatch(/"Allow": true/);
    expect(output).toMatch(/compared, \d+ differ/);
    expect(output).toMatch(/replayed, \d+ changed, \d+ not replayable/);
  });
});
