import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { freePort } from './ports.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** The proxy as users run it: in its own process. */
export interface RunningProxy {
  /** `127.0.0.1:port` of gRPC. */
  readonly grpc: string;
  /** `http://127.0.0.1:port` of the KMS JSON endpoint. */
  readonly kmsJson: string;
  /** `http://127.0.0.1:port` of /metrics, /livez and /readyz. */
  readonly probe: string;
  /** Its own folder, removed by stop(). */
  readonly folder: string;
  readonly child: Child;
  auditEntries(): readonly Record<string, unknown>[];
  stop(): Promise<number | NodeJS.Signals>;
}

interface ProxyOptions {
  /** `path=value`, after the ports and the audit file have been set. */
  readonly settings?: readonly string[];
  readonly config?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder of a built package; if left out, the sources are run. */
  readonly built?: string;
  /** Node.js to run it on; if left out, the one of this repository. */
  readonly node?: string;
}

/** Starts it on free ports and waits until it reports that it is ready. */
export async function startProxy({
  settings = [],
  config = 'config/demo.yaml',
  env = {},
  built,
  node = join(ROOT, 'node_modules/.bin/node'),
}: ProxyOptions = {}): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'krp-'));
  const [grpc, kmsJson, probe] = [await freePort(), await freePort(), await freePort()];
  const auditFile = join(folder, 'audit.jsonl');
  const all = [
    `grpc.listen=127.0.0.1:${grpc}`,
    `kms_json.listen=127.0.0.1:${kmsJson}`,
    `probe.listen=127.0.0.1:${probe}`,
    `audit.file=${auditFile}`,
    ...settings,
  ];
  const args = [built ? 'dist/main.js' : 'src/main.ts', 'serve', '--config', config];
  const child = startChild(node, [...args, ...all.flatMap((setting) => ['--set', setting])], {
    cwd: built ?? ROOT,
    env: { ...withoutAws(), ...env },
  });
  await untilReady(`http://127.0.0.1:${probe}/readyz`, child);
  return {
    grpc: `127.0.0.1:${grpc}`,
    kmsJson: `http://127.0.0.1:${kmsJson}`,
    probe: `http://127.0.0.1:${probe}`,
    folder,
    child,
    auditEntries: () =>
      readFileSync(auditFile, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    async stop() {
      const code = await child.stop();
      rmSync(folder, { recursive: true, force: true });
      return code;
    },
  };
}

/** Waits for a 200. @throws with the output of the process when it ends before. */
export async function untilReady(url: string, child: Child, timeoutMs = 30_000): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (Date.now() < until) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    const ended = await Promise.race([child.ended(), sleep(50).then(() => undefined)]);
    if (ended !== undefined) throw new Error(`ended with ${ended}:\n${child.output()}`);
  }
  await child.stop();
  throw new Error(`${url} never answered 200:\n${child.output()}`);
}

/** Keeps the machine's credentials away from tests. */
function withoutAws(): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => name.startsWith('AWS_'));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
