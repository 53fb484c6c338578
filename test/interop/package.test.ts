import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChild } from './helpers/child.ts';
import { printedCiphertext } from './helpers/demo.ts';
import { startProxy } from './helpers/proxy.ts';
import { describeWith, runTool } from './helpers/tools.ts';

const ROOT = join(import.meta.dirname, '../..');
const MODULES = join(ROOT, 'node_modules');

let folder: string;
/** The packed archive only: no node_modules beside it or above. */
let alone: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'krp-package-'));
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  runTool('npm', ['run', 'build'], { cwd: ROOT });
  runTool('npm', ['pack', '--pack-destination', folder], { cwd: ROOT });
  const [archive = ''] = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  runTool('tar', ['-xzf', archive], { cwd: folder });
  alone = join(folder, 'package');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the built package', () => {
  const chunks = () => readdirSync(join(alone, 'dist')).filter((file) => file.endsWith('.js'));

  it('contains all that any command may load', () => {
    const entries = /^(main|.*-thread)\.js$/;
    const load = chunks().filter((file) => !entries.test(file));
    const script = load.map((file) => `require('./dist/${file}');`).join('\n');
    expect(load.length).toBeGreaterThan(20);
    runTool('node', ['-e', script], { cwd: alone });
  });

  it('is byte for byte the same when built again', () => {
    const again = join(folder, 'again');
    runTool('node', ['scripts/build.ts', again], { cwd: ROOT });
    const files = readdirSync(again, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name).slice(again.length));
    expect(files.length).toBeGreaterThan(50);
    for (const file of files.filter((name) => !name.endsWith('.map')))
      expect(readFileSync(join(again, file)), file).toEqual(
        readFileSync(join(alone, 'dist', file)),
      );
  });

  it('is plain ASCII, because V8 keeps all of it in memory', () => {
    for (const file of chunks())
      expect(readFileSync(join(alone, 'dist', file), 'utf8'), file).toMatch(/^\p{ASCII}*$/u);
  });

  it('imports nothing as an ES module, or Node would load its own fetch along with `node:http`', () => {
    for (const file of chunks())
      expect(readFileSync(join(alone, 'dist', file), 'utf8'), file).not.toMatch(/\bimport\(/);
  });

  it('names every package in it, with its licence', () => {
    const text = readFileSync(join(alone, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) expect(text).toMatch(`${name} `);
    expect(text).toMatch(/^zod \d+\.\d+\.\d+ \(MIT\)\n\nMIT License/m);
  });

  it('maps stack traces to source lines on request', () => {
    const entry = ['--enable-source-maps', 'dist/audit-thread.js'];
    const script = ['-c', 'node "$@" 2>&1 || true', 'sh', ...entry];
    expect(runTool('sh', script, { cwd: alone })).toMatch(/ at .*src\/audit\/thread\.ts:\d+:\d+/);
  });

  it('contains what its pages link to, except for sources', () => {
    const pages = readdirSync(alone, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .filter((file) => !file.startsWith('docs/decisions/'));
    const dead = pages.flatMap((page) => {
      const links = readFileSync(join(alone, page), 'utf8').matchAll(
        /\]\((?!https?:|#)([^)#\s]+)/g,
      );
      const targets = [...links].map(([, link = '']) => join(dirname(page), link));
      return targets.filter((target) => !existsSync(join(alone, target)));
    });
    expect(pages).toContain('README.md');
    expect(dead.filter((target) => !/^(src|test|CONTRIBUTING\.md)\b/.test(target))).toEqual([]);
  });

  async function servesOn(node: string): Promise<void> {
    const candidate = 'policy.candidate=policies/bundle.tar.gz';
    const doors = ['grpc.reflection=true', 'grpc.channelz_listen=127.0.0.1:0'];
    const settings = [candidate, ...doors, 'audit.stdout=true'];
    const proxy = await startProxy({ built: alone, settings, node });
    const ask = (...args: string[]) => runTool(node, ['dist/main.js', ...args], { cwd: alone });
    try {
      const ciphertext = (await printedCiphertext(proxy)).toString('base64');
      const keys = ['--source-key-id', 'alias/demo-source', '--destination-key-id'];
      const call = [...keys, 'alias/demo-destination', '--ciphertext-blob', ciphertext];
      call.push('--source-encryption-context', 'tenant=acme');
      call.push('--destination-encryption-context', 'tenant=acme');
      const answer = ask('re-encrypt', '--endpoint-url', proxy.grpc, ...call);
      expect(JSON.parse(answer)).toHaveProperty('CiphertextBlob');
      ask('health', '--endpoint-url', proxy.grpc);
      await proxy.child.matches(/"kind":"outcome"/);
      expect(proxy.auditEntries().map(({ kind }) => kind)).toContain('outcome');
      expect(ask('audit', 'verify', join(proxy.folder, 'audit.jsonl'))).toContain('intact');
      expect(await (await fetch(`${proxy.probe}/metrics`)).text()).toMatch(
        /^kms_reencrypt_shadow_decisions_total\{result="same"\} 1$/m,
      );
      expect(proxy.child.output()).not.toContain('Warning: ');
    } finally {
      expect(await proxy.stop()).toBe(0);
    }
  }

  it('serves with every thread and door that it has', () => servesOn('node'));

  describeWith(
    ['node22', 'node26'],
    'on the oldest Node.js that it allows, and on a newer one',
    () => {
      it.each(['node22', 'node26'])('serves with every thread and door on %s', servesOn);
    },
  );
});

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** What the lines of docs/clients.md presuppose, with names that the package must export. */
const AROUND = `import type { BatchReEncryptItem, Client, ItemResult } from 'kms-reencrypt-proxy/client';
declare const client: Client;
declare const items: readonly BatchReEncryptItem[];
declare function store(reference: string, ciphertext: Buffer): Promise<void>;
export const first = (all: readonly ItemResult[]): string | undefined => all[0]?.reference;
`;

/** What `npm install kms-reencrypt-proxy` would install. */
describe('the npm package', () => {
  beforeAll(() => {
    const modules = join(folder, 'node_modules');
    mkdirSync(modules);
    for (const name of readdirSync(MODULES)) symlinkSync(join(MODULES, name), join(modules, name));
    cpSync(alone, join(modules, 'kms-reencrypt-proxy'), { recursive: true });
    cpSync(join(ROOT, 'examples/node/example.ts'), join(folder, 'example.ts'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  });

  it('has types for its client', () => {
    const options = ['--module', 'nodenext', '--target', 'es2024', '--strict', '--noEmit'];
    const [, documented = ''] = /```ts\n(.*?)```/s.exec(read('docs/clients.md')) ?? [];
    expect(documented).toContain('batchReEncrypt');
    writeFileSync(join(folder, 'batch.ts'), `${AROUND}${documented}`);
    runTool('tsc', [...options, '--types', 'node', 'example.ts', 'batch.ts'], { cwd: folder });
  });

  it('re-encrypts with its client, which reports a denial', async () => {
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
});
