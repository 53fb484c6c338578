import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Child, startChild } from './helpers/child.ts';
import { DEMO_CONTEXT } from './helpers/demo.ts';
import { reEncryptByGrpcurl } from './helpers/grpcurl.ts';
import { freePort } from './helpers/ports.ts';
import { untilReady } from './helpers/proxy.ts';
import { describeWith, runTool } from './helpers/tools.ts';

/** Keeps the Debian system between runs; the layers of a run are deleted after it. */
const CACHE = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'kms-reencrypt-proxy',
);
const CA = process.env['NODE_EXTRA_CA_CERTS'] ?? '/etc/ssl/certs/ca-certificates.crt';
/** As in a pod: a separate process with only its image. */
const RUNNING = ['--isolation', 'chroot'];

describeWith(['buildah', 'debootstrap', 'grpcurl'], 'the image', () => {
  let store: string;
  let flags: string[];
  let container: string;
  beforeAll(() => {
    store = mkdtempSync(join(tmpdir(), 'krp-image-'));
    flags = ['--root', join(store, 'root'), '--runroot', join(store, 'run')];
    flags.push('--storage-driver', 'vfs');
    const env = { BUILDAH_FLAGS: flags.join(' '), BUILDAH_ISOLATION: 'chroot' };
    const script = join(import.meta.dirname, 'helpers/base-image.sh');
    runTool(script, [join(CACHE, 'image'), 'localhost/base'], { env, timeoutMs: 240_000 });
    const secrets = ['--secret', `id=ca,src=${CA}`, '--secret', `id=npmrc,src=${npmrc()}`];
    const bases = ['--build-arg', 'BUILD=localhost/base', '--build-arg', 'BASE=localhost/base'];
    const options = ['--isolation', 'chroot', '--format', 'docker', '--layers=false'];
    const npm = runTool('npm', ['config', 'get', 'cache']).trim();
    options.push('--volume', `${npm}:/root/.npm`);
    buildah('bud', ...options, ...bases, ...secrets, '-t', 'localhost/proxy', '.');
    container = buildah('from', 'localhost/proxy').trim();
  }, 400_000);
  afterAll(() => {
    rmSync(store, { recursive: true, force: true });
  });

  function buildah(...args: string[]): string {
    return runTool('buildah', [...flags, ...args], { timeoutMs: 300_000 });
  }
  function npmrc(): string {
    return runTool('npm', ['config', 'get', 'userconfig']).trim();
  }
  const inside = (...command: string[]) => buildah('run', ...RUNNING, container, '--', ...command);

  it('has no root, a health check in exec form, and no command but the proxy', () => {
    const { Docker } = JSON.parse(buildah('inspect', '--type', 'image', 'localhost/proxy'));
    expect(Docker.config).toMatchObject({ User: '65532:65532', WorkingDir: '/app' });
    expect(Docker.config.Healthcheck.Test).toEqual([
      'CMD',
      '/nodejs/bin/node',
      'dist/main.js',
      'health',
    ]);
    expect(Docker.config.Entrypoint.at(-1)).toBe('dist/main.js');
    expect(inside('id', '-u').trim()).toBe('65532');
  });

  it('holds what runs, and nothing that builds or tests', () => {
    const files = inside('ls', '-A', '/app').trim().split('\n').sort();
    expect(files).toEqual(['LICENSE', 'config', 'dist', 'package.json', 'policies', 'proto']);
    const dist = inside('ls', '-A', '/app/dist').trim().split('\n');
    expect(dist).toContain('THIRD-PARTY-LICENSES.txt');
    expect(dist.filter((file) => /\.(map|ts|mjs)$|^types$/.test(file))).toEqual([]);
    const megabytes = Number(inside('du', '-sm', '/app').split('\t')[0]);
    expect(megabytes).toBeLessThan(10);
  });

  it('serves: its process answers grpcurl, its health check agrees, SIGTERM ends it with 0', async () => {
    const [grpc, probe] = [await freePort(), await freePort()];
    const settings = [
      `grpc.listen=127.0.0.1:${grpc}`,
      `probe.listen=127.0.0.1:${probe}`,
      'audit.file=/var/lib/kms-reencrypt-proxy/audit.jsonl',
    ].flatMap((setting) => ['--set', setting]);
    const serve = ['serve', '--config', 'config/demo.yaml', ...settings];
    const node = [
      '/nodejs/bin/node',
      '--no-memory-reducer',
      '--max-semi-space-size=4',
      '--disable-proto=delete',
      'dist/main.js',
    ];
    // The embedded KMS refuses to serve in production, which the image is made for.
    const env = ['--env', 'NODE_ENV=development'];
    const server: Child = startChild('buildah', [
      ...flags,
      ...['run', ...RUNNING, ...env, container, '--', ...node, ...serve],
    ]);
    try {
      await untilReady(`http://127.0.0.1:${probe}/readyz`, server);
      const [, ciphertextBlob] = await server.matches(/--ciphertext-blob ([A-Za-z0-9+/=]+)/);
      const answer = reEncryptByGrpcurl(`127.0.0.1:${grpc}`, {
        ciphertextBlob,
        sourceKeyId: 'alias/demo-source',
        sourceEncryptionContext: DEMO_CONTEXT,
        destinationKeyId: 'alias/demo-destination',
        destinationEncryptionContext: DEMO_CONTEXT,
      });
      expect(answer['decisionId']).toMatch(/^[0-9a-f-]{36}$/);
      const health = ['health', '--endpoint-url', `127.0.0.1:${grpc}`];
      inside(...node, ...health);
      // buildah passes no signal on; kubelet would send it to the process itself.
      process.kill(await deepest(server.pid), 'SIGTERM');
      expect(await server.ended()).toBe(0);
    } finally {
      await server.stop();
    }
  });

  const overDemo = (setting: string) => ['--config', 'config/demo.yaml', '--set', setting];
  it.each([
    ['a configuration', 64, ['--config', '/nowhere.yaml'], /\/nowhere\.yaml cannot/],
    ['a bundle', 1, overDemo('policy.source=/nowhere.tar.gz'), /\/nowhere\.tar\.gz/],
    ['a folder for the audit log', 1, overDemo('audit.file=/nowhere/audit.jsonl'), /\/nowhere/],
    ['leave to write there', 1, overDemo('audit.file=/app/audit.jsonl'), /\/app|audit/],
  ])(
    'says in one sentence that it does not have %s, and exits with %i',
    (_, status, options, sentence) => {
      const env = ['--env', 'NODE_ENV=development'];
      const serve = ['/nodejs/bin/node', 'dist/main.js', 'serve', ...options];
      try {
        buildah('run', ...RUNNING, ...env, container, '--', ...serve);
        expect.unreachable('it serves');
      } catch (error) {
        expect(error).toMatchObject({ status });
        const said = String((error as { stderr: string }).stderr);
        expect(said).toMatch(/^kms-reencrypt-proxy serve: /m);
        expect(said).toMatch(sentence);
        expect(said).not.toMatch(/^ +at /m);
      }
    },
  );
});

/** The last process in a chain of only children. */
async function deepest(pid: number): Promise<number> {
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const children = await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8');
    const [first] = children.trim().split(' ');
    if (first) return deepest(Number(first));
  }
  return pid;
}
