import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChild } from './helpers/child.ts';
import { printedCiphertext } from './helpers/demo.ts';
import { startProxy } from './helpers/proxy.ts';
import { runTool } from './helpers/tools.ts';

const ROOT = join(import.meta.dirname, '../..');
const MODULES = join(ROOT, 'node_modules');

/** What `npm install kms-reencrypt-proxy` would give somebody, from the packed archive. */
describe('the npm package', () => {
  let folder: string;
  let installed: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'krp-package-'));
    const modules = join(folder, 'node_modules');
    mkdirSync(modules);
    for (const name of readdirSync(MODULES)) symlinkSync(join(MODULES, name), join(modules, name));
    rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
    runTool('npm', ['run', 'build'], { cwd: ROOT });
    runTool('npm', ['pack', '--pack-destination', folder], { cwd: ROOT });
    const [archive = ''] = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
    runTool('tar', ['-xzf', archive], { cwd: folder });
    installed = join(modules, 'kms-reencrypt-proxy');
    cpSync(join(folder, 'package'), installed, { recursive: true });
    cpSync(join(ROOT, 'examples/node/example.ts'), join(folder, 'example.ts'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('types its client for those who compile against it', () => {
    const options = ['--module', 'nodenext', '--target', 'es2024', '--strict', '--noEmit'];
    runTool('tsc', [...options, '--types', 'node', 'example.ts'], { cwd: folder });
  });

  it('re-encrypts by that client, and tells a denial', async () => {
    const proxy = await startProxy();
    try {
      writeFileSync(join(folder, 'ciphertext'), await printedCiphertext(proxy));
      const run = async (env: Readonly<Record<string, string>>) => {
        const child = startChild('node', ['example.ts', 'ciphertext', 'result'], {
          cwd: folder,
          env: { PROXY_TARGET: proxy.grpc, ...env },
        });
        return { code: await child.ended(), said: child.output() };
      };
      expect(await run({})).toMatchObject({ code: 0, said: expect.stringMatching(/^released/) });
      const denied = await run({ DESTINATION_TENANT: 'globex' });
      expect(denied.said).toMatch(/reason=POLICY_DENIED layer=policy .*rule=demo/);
      expect(denied.code).toBe(77);
    } finally {
      await proxy.stop();
    }
  });

  it('has a command that serves help', () => {
    expect(runTool('node', [join(installed, 'dist/main.js'), '--help'])).toMatch(/serve/);
  });
});
