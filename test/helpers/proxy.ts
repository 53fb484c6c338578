import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type App, startApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';

export interface RunningProxy extends App {
  /** Address of its first gRPC listener. */
  readonly endpoint: string;
  /** This proxy's own folder; the audit log is in it. */
  readonly folder: string;
  /** Entries now in the audit file, parsed. */
  entries(): Record<string, unknown>[];
  /** All its metrics, as Prometheus reads them. */
  metrics(): Promise<string>;
  /** What its metrics say of one series (`name{label="value"}`); undefined if there is none. */
  metric(series: string): Promise<string | undefined>;
  /** Lines that went to the log. */
  readonly logged: readonly string[];
  /** Lines that went to standard output. */
  readonly printed: readonly string[];
}

/** The whole proxy as the demo runs it, on free ports and in a folder of its own. */
export async function startProxy(settings: readonly string[] = []): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'));
  const file = join(folder, 'audit.jsonl');
  const logged: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void logged.push(line) });
  const defaults = [
    'grpc.listen=127.0.0.1:0',
    'probe.listen=127.0.0.1:0',
    'kms_json.listen=127.0.0.1:0',
    `audit.file=${file}`,
    'audit.durability=write',
    'life.lame_duck_ms=0',
  ];
  const config = loadConfig({
    file: 'config/demo.yaml',
    settings: [...defaults, ...settings],
    env: {},
  });
  const printed: string[] = [];
  const print = (line: string) => void printed.push(line);
  const app = await startApp(config, { log, print, env: {} });
  const metrics = async () => (await fetch(`http://${app.addresses.probe}/metrics`)).text();
  return {
    ...app,
    endpoint: app.addresses.grpc[0] ?? '',
    folder,
    logged,
    printed,
    // The last line may be half written: what follows the last line break is left out.
    entries: () =>
      readFileSync(file, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    metrics,
    async metric(series) {
      const line = (await metrics()).split('\n').find((one) => one.startsWith(`${series} `));
      return line?.slice(series.length + 1);
    },
    async stop() {
      await app.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
