import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { METRICS } from '../../src/metrics/catalogue.ts';
import { type Child, startChild } from './helpers/child.ts';
import { DEMO_CONTEXT, printedCiphertext } from './helpers/demo.ts';
import { reEncryptByGrpcurl } from './helpers/grpcurl.ts';
import { freePort } from './helpers/ports.ts';
import { type RunningProxy, startProxy, untilReady } from './helpers/proxy.ts';
import { describeWith, runTool } from './helpers/tools.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');
const RULES = join(DEPLOY, 'prometheus');

describeWith(['promtool'], 'promtool', () => {
  it('finds nothing wrong with the rules', () => {
    const files = ['recording.yaml', 'alerts.yaml'].map((file) => join(RULES, file));
    expect(runTool('promtool', ['check', 'rules', '--lint=all', ...files])).not.toMatch(/FAILED/);
  });

  it('sees every alert fire once and be silent once', () => {
    const tests = ['alerts.test.yaml', 'alerts.slow.test.yaml'].map((file) => join(RULES, file));
    const told = runTool('promtool', ['test', 'rules', ...tests], { timeoutMs: 300_000 });
    expect(told).not.toMatch(/FAILED/);
  }, 300_000);
});

interface Sample {
  readonly value: readonly [number, string];
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly Sample[] };
}

interface Board {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

describeWith(['prometheus', 'promtool', 'grpcurl'], 'a real Prometheus', () => {
  let folder: string;
  let proxy: RunningProxy;
  /** Its KMS does not exist. */
  let lame: RunningProxy;
  let prometheus: Child;
  let api: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'krp-prometheus-'));
    proxy = await startProxy();
    const nowhere = `kms.aws.endpoint=http://127.0.0.1:${await freePort()}`;
    lame = await startProxy({
      settings: ['kms.backend=aws', 'kms.aws.region=eu-west-1', nowhere],
      env: { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' },
    });
    const port = await freePort();
    api = `http://127.0.0.1:${port}`;
    const config = join(folder, 'prometheus.yaml');
    const quick = { scrape_interval: '1s', evaluation_interval: '1s' };
    const targets = [proxy, lame].map(({ probe }) => probe.replace('http://', ''));
    const job = { job_name: 'kms-reencrypt-proxy', static_configs: [{ targets }] };
    const rules = ['recording.yaml', 'alerts.yaml'].map((file) => quickened(file));
    writeFileSync(config, stringify({ global: quick, scrape_configs: [job], rule_files: rules }));
    prometheus = startChild('prometheus', [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    await untilReady(`${api}/-/ready`, prometheus);
    await scrapes(1);
    await load();
    await scrapes(5);
  }, 120_000);
  afterAll(async () => {
    await prometheus?.stop();
    await lame?.stop();
    await proxy?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The same rules, without the minutes that alerts wait. */
  function quickened(file: string): string {
    const path = join(folder, file);
    const text = readFileSync(join(RULES, file), 'utf8');
    writeFileSync(path, text.replaceAll(/^( +for: ).*$/gm, '$10s'));
    return path;
  }

  /** Calls of all kinds over some scrapes: allowed, denied, not valid. */
  async function load(): Promise<void> {
    const ciphertextBlob = (await printedCiphertext(proxy)).toString('base64');
    const sides = { sourceKeyId: 'alias/demo-source', destinationKeyId: 'alias/demo-destination' };
    for (let round = 0; round < 4; round++) {
      for (const tenant of ['acme', 'globex', '']) {
        const contexts = {
          sourceEncryptionContext: DEMO_CONTEXT,
          destinationEncryptionContext: { tenant },
        };
        for (const { grpc } of [proxy, lame]) {
          try {
            reEncryptByGrpcurl(grpc, { ciphertextBlob, ...sides, ...contexts });
          } catch {
            // Denied, invalid or unavailable, as intended.
          }
        }
      }
      await sleep(1_000);
    }
  }

  /** Waits until the proxy has been scraped this often; the first scrape takes some seconds. */
  async function scrapes(count: number): Promise<void> {
    for (let waited = 0; waited < 200; waited++) {
      const [seen] = await query('count_over_time(up{job="kms-reencrypt-proxy"}[5m])');
      if (Number(seen?.value[1] ?? 0) >= count) return;
      await sleep(200);
    }
    throw new Error('Prometheus never scraped the proxy');
  }

  async function query(expr: string): Promise<readonly Sample[]> {
    const answer = await fetch(`${api}/api/v1/query?query=${encodeURIComponent(expr)}`);
    const { status, error, data } = (await answer.json()) as QueryAnswer;
    expect(status, `${expr}: ${error}`).toBe('success');
    return data?.result ?? [];
  }

  it('gets text in which promtool finds nothing wrong', async () => {
    const text = await (await fetch(`${proxy.probe}/metrics`)).text();
    expect(runTool('promtool', ['check', 'metrics'], { input: text })).toBe('');
  });

  it('reads OpenMetrics, and has the target up', async () => {
    const [up] = await query('up{job="kms-reencrypt-proxy"}');
    expect(up?.value[1]).toBe('1');
    const response = await fetch(`${proxy.probe}/metrics`, {
      headers: { accept: 'application/openmetrics-text' },
    });
    expect(response.headers.get('content-type')).toMatch(/^application\/openmetrics-text/);
  });

  it('counts what was called', async () => {
    const released = await query('sum(kms_reencrypt_calls_total{outcome="released"})');
    const denied = await query('sum(kms_reencrypt_calls_total{outcome="denied"})');
    expect(Number(released[0]?.value[1])).toBe(4);
    expect(Number(denied[0]?.value[1])).toBe(4);
  });

  describe('has data for every query of the dashboard', () => {
    const file = join(DEPLOY, 'grafana/kms-reencrypt-proxy.json');
    const board = JSON.parse(readFileSync(file, 'utf8')) as Board;
    const expressions = board.panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => [title, expr] as const),
    );
    /** Empty unless something fails or expires, or TLS, a sink or a candidate is on; only their syntax is tested. */
    const QUIET = [
      ...['Candidate', 'Certificates', 'Credentials', 'End of the bundle'],
      ...['KMS errors', 'KMS JSON endpoint', 'Turned away', 'Undelivered'],
    ];

    it.each(expressions)('%s: %s', async (title, template) => {
      const expr = template
        .replaceAll('$__rate_interval', '30s')
        .replaceAll(/\$(job|instance)/g, '.*');
      const result = await query(expr);
      if (!QUIET.includes(title)) expect(result.length, expr).toBeGreaterThan(0);
      for (const [name] of expr.matchAll(/\b(kms_reencrypt|grpc_server)_\w+/g)) {
        expect(Object.keys(METRICS)).toContain(name.replace(/_(bucket|sum|count)$/, ''));
      }
    });
  });

  it('fires for real when KMS is unreachable, and when a proxy goes down', async () => {
    const firing = async (alert: string) => {
      for (let waited = 0; waited < 20; waited++) {
        const found = await query(`ALERTS{alertname="${alert}",alertstate="firing"}`);
        if (found.length > 0) return true;
        await sleep(500);
      }
      return false;
    };
    expect(await firing('KmsReencryptEmbeddedBackend')).toBe(true);
    expect(await firing('KmsReencryptKmsUnreachable')).toBe(true);
    expect(await query('ALERTS{alertname="KmsReencryptDown",alertstate="firing"}')).toEqual([]);
    await proxy.stop();
    expect(await firing('KmsReencryptDown')).toBe(true);
  }, 60_000);
});
