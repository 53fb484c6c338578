import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test, vi } from 'vitest';
import { run } from '../../src/cli/serve.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { runCommand } from '../helpers/run-command.ts';

const PROGRAM = await builtProgram();

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Hooks {
  readonly config?: string;
  readonly hear?: (child: ChildProcess, log: string) => void;
  readonly begun?: (child: ChildProcess) => void;
}

const nothing = () => {};

const asked = new WeakSet<ChildProcess>();

/** Asks for an orderly end, once for all chunks that tell to: a second signal would hurry it. */
function end(child: ChildProcess): boolean {
  if (asked.has(child)) return true;
  asked.add(child);
  return child.kill('SIGTERM');
}

const folder = () => mkdtempSync(join(tmpdir(), 'serve-'));

function serve(
  audit: string,
  settings: readonly string[],
  watch?: (child: ChildProcess) => void,
  { config = 'config/demo.yaml', hear = nothing, begun = nothing }: Hooks = {},
) {
  const free = ['grpc.listen', 'probe.listen', 'kms_json.listen'].map((at) => `${at}=127.0.0.1:0`);
  const set = [...free, `audit.file=${audit}/audit.jsonl`, ...settings];
  const args = [PROGRAM, 'serve', '--config', config];
  const child = spawn(process.execPath, [...args, ...set.flatMap((s) => ['--set', s])]);
  let [stdout, stderr] = ['', ''];
  begun(child);
  child.stderr.on('data', (text) => {
    stderr += text;
    hear(child, stderr);
  });
  child.stdout.on('data', (text) => {
    stdout += text;
    watch?.(child);
  });
  return new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** With settings that are refused before anything starts, so it needs no process of its own. */
const refused = (...settings: readonly string[]) =>
  runCommand(run, ['--config', 'config/demo.yaml', ...settings.flatMap((s) => ['--set', s])]);

/** What a person reads; the log's lines are for machines. */
const sentences = (stderr: string) =>
  stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));

// Each starts a whole proxy, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** What the process logged. */
const logged = (stderr: string) =>
  stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('serve', () => {
  test('prints two calls to paste, and ends with 0 on SIGTERM', async () => {
    const { code, stdout } = await serve(folder(), ['admin.listen=127.0.0.1:0'], end);
    expect(stdout).toMatch(/^gRPC on 127\.0\.0\.1:\d+, .*, admin on 127\.0\.0\.1:\d+ /);
    expect(stdout.match(/re-encrypt --endpoint-url 127\.0\.0\.1:\d+/g)).toHaveLength(2);
    expect(code).toBe(0);
  });

  test('prints calls that need no certificate, or none', async () => {
    const audit = folder();
    const { cert, key } = createAuthority().issue({ commonName: 'localhost', dns: ['localhost'] });
    writeFileSync(join(audit, 'cert.pem'), cert);
    writeFileSync(join(audit, 'key.pem'), key, { mode: 0o600 });
    const tls = ['cert', 'key'].map((name) => `grpc.tls.${name}_file=${join(audit, name)}.pem`);
    const secure = [...tls, 'grpc.tls.client_certificates=off'];
    const one = await serve(audit, secure, end);
    expect(one.stdout).toMatch(/^gRPC on /);
    expect(one.stdout).not.toContain('re-encrypt');
    const socket = `unix:${join(audit, 'proxy.sock')}`;
    const listeners = `grpc.listeners=[{"listen": "${socket}"}]`;
    const two = await serve(audit, [...secure, listeners], end);
    expect(two.stdout.split(`re-encrypt --endpoint-url ${socket} `)).toHaveLength(3);
  });

  test('ends on SIGTERM while a bundle service keeps it from starting', async () => {
    const service = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => service.once('listening', resolve));
    const address = service.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const begun = (child: ChildProcess) => service.once('connection', () => end(child));
    const source = `policy.source=http://127.0.0.1:${port}/bundle.tar.gz`;
    const { code, stdout } = await serve(folder(), [source], undefined, { begun });
    service.close();
    expect([code, stdout]).toEqual([0, '']);
  });

  test('reports on SIGHUP changed settings, why a restart would fail, and what was not reloaded', async () => {
    const audit = folder();
    const bundle = join(audit, 'bundle.tar.gz');
    copyFileSync('policies/bundle.tar.gz', bundle);
    const config = join(audit, 'config.yaml');
    const demo = readFileSync('config/demo.yaml', 'utf8');
    const enforced = (value: string) =>
      writeFileSync(config, demo.replace('policy:', `policy:\n  enforce: ${value}`));
    enforced('true');
    const hangUp = (child: ChildProcess, value: string) => {
      enforced(value);
      return child.kill('SIGHUP');
    };
    const steps = [
      (child: ChildProcess, log: string) => log === '' && hangUp(child, 'false'),
      (child: ChildProcess, log: string) => {
        if (!log.includes('a restart takes it')) return false;
        rmSync(bundle);
        return hangUp(child, 'perhaps');
      },
      (child: ChildProcess, log: string) =>
        log.includes('a restart would fail') &&
        log.includes('not everything was reloaded') &&
        end(child),
    ];
    const step = (child: ChildProcess, log: string) => steps[0]?.(child, log) && steps.shift();
    const started = (child: ChildProcess) => step(child, '');
    const { code, stderr } = await serve(audit, [`policy.source=${bundle}`], started, {
      config,
      hear: step,
    });
    expect(code).toBe(0);
    const missing = `not everything was reloaded: there is no policy bundle at ${bundle} that can be read`;
    expect(logged(stderr)).toContainEqual({
      level: 50,
      time: expect.any(String),
      msg: missing,
    });
    const told = logged(stderr).filter(({ level }) => level === 40);
    expect(told.slice(-2)).toMatchObject([
      { settings: ['policy.enforce'], msg: expect.stringMatching('a restart takes it') },
      { msg: expect.stringMatching(/^a restart would fail: [\s\S]*policy\.enforce: /) },
    ]);
  });

  test('is not held up on SIGHUP by a configuration that is a FIFO', async () => {
    const audit = folder();
    const config = join(audit, 'config.yaml');
    copyFileSync('config/demo.yaml', config);
    const hear = (child: ChildProcess, log: string) => {
      if (log.includes('a restart would fail')) end(child);
    };
    const started = (child: ChildProcess) => {
      rmSync(config);
      execFileSync('mkfifo', [config]);
      child.kill('SIGHUP');
    };
    const once = (child: ChildProcess) => void (lstatSync(config).isFIFO() || started(child));
    const { code, stderr } = await serve(audit, [], once, { config, hear });
    expect(code).toBe(0);
    expect(stderr).toContain(`a restart would fail: ${config} is not a regular file`);
  });

  test.each([
    'grpc.listen',
    'probe.listen',
    'kms_json.listen',
    'admin.listen',
    'grpc.channelz_listen',
  ])('reports in one sentence that the port of %s is in use, and exits 1', async (setting) => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const address = other.address();
    const taken = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    const { code, stderr, stdout } = await serve(folder(), [`${setting}=${taken}`]);
    other.close();
    expect(sentences(stderr)).toEqual([
      expect.stringMatching(`^kms-reencrypt-proxy serve: ${setting}: cannot listen on ${taken}: `),
    ]);
    expect([code, stdout]).toEqual([1, '']);
  });

  test('refuses in one sentence an audit log that another process writes, and exits 1', async () => {
    const audit = folder();
    let second: Promise<Ended> | undefined;
    const first = await serve(audit, [], (child) => {
      second ??= serve(audit, []).finally(() => end(child));
    });
    const { code, stderr, stdout } = (await second) ?? expect.fail('the first did not start');
    const found = sentences(stderr);
    expect(found).toEqual([expect.stringMatching(`another process writes ${audit}/audit.jsonl`)]);
    expect([code, stdout, first.code]).toEqual([1, '', 0]);
  });

  test('reports a missing bundle in one sentence, exits 1 and starts nothing', async () => {
    const audit = folder();
    const { code, stderr, stdout } = await serve(audit, ['policy.source=nowhere.tar.gz']);
    expect(sentences(stderr)).toEqual([expect.stringContaining('nowhere.tar.gz')]);
    expect([code, stdout]).toEqual([1, '']);
    expect(existsSync(`${audit}/audit.jsonl`)).toBe(false);
  });

  test.each(['grpc.listen', 'kms_json.listen'])(
    'keeps the embedded KMS on loopback: %s',
    async (setting) => {
      const { exit, stderr } = await refused(`${setting}=0.0.0.0:0`);
      expect(stderr).toContain(`${setting}: must be on loopback`);
      expect(exit).toBe(64);
    },
  );

  test('lists every wrong setting and exits 64', async () => {
    const { exit, stderr } = await refused('grpc.lissten=x', 'kms.backend=gcp');
    expect(stderr).toMatch(/grpc\.lissten: there is no such setting[\s\S]*kms\.backend: /);
    expect(exit).toBe(64);
  });
});
