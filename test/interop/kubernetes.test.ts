import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { life } from '../../src/config/sections/life.ts';
import { VERSION } from '../../src/version.ts';
import { describeWith, runTool } from './helpers/tools.ts';

const ROOT = join(import.meta.dirname, '../..');
const DEPLOY = join(ROOT, 'deploy/kubernetes');

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}
interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: object;
  readonly [probe: string]: unknown;
}
interface Pod {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: object;
  readonly initContainers: readonly [Container];
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly projected?: object }[];
  readonly terminationGracePeriodSeconds: number;
}

describeWith(['kustomize', 'kubernetes-validate'], 'the Kubernetes manifests', () => {
  let folder: string;
  let manifests: readonly Manifest[];
  let pod: Pod;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'krp-kubernetes-'));
    cpSync(join(DEPLOY, 'base'), folder, { recursive: true });
    cpSync(join(ROOT, 'policies/bundle.tar.gz'), join(folder, 'bundle.tar.gz'));
    const text = runTool('kustomize', ['build', folder]);
    manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
    pod = (manifest('StatefulSet')['spec'] as { template: { spec: Pod } }).template.spec;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function manifest(kind: string): Manifest {
    const found = manifests.find((candidate) => candidate.kind === kind);
    if (!found) throw new Error(`no ${kind}`);
    return found;
  }

  it.each(['1.35', '1.37'])('are strictly valid for Kubernetes %s', (version) => {
    for (const each of manifests.filter(({ kind }) => kind !== 'PodMonitor')) {
      const file = join(folder, `${each.kind}-${each.metadata.name}.json`);
      writeFileSync(file, JSON.stringify(each));
      runTool('kubernetes-validate', ['--strict', '-k', version, file]);
    }
  });

  it('run the proxy as a native sidecar that is probed over HTTP', () => {
    const [sidecar] = pod.initContainers;
    expect(sidecar.restartPolicy).toBe('Always');
    const probe = (path: string) => ({ httpGet: { path, port: 'probe' } });
    expect(sidecar['startupProbe']).toMatchObject(probe('/readyz'));
    expect(sidecar['readinessProbe']).toMatchObject(probe('/readyz'));
    expect(sidecar['livenessProbe']).toMatchObject(probe('/livez'));
  });

  it('take image, Region, role and keys from an overlay, as the page describes', () => {
    const page = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');
    const [, script = ''] = /^```sh\n(cp policies.*?)^```/ms.exec(page) ?? [];
    const copy = mkdtempSync(join(tmpdir(), 'krp-overlay-'));
    for (const part of ['policies', 'deploy'])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    const built = runTool('bash', ['-euc', script], { cwd: copy });
    const key = readFileSync(join(copy, 'deploy/kubernetes/overlay/hmac-key'), 'base64');
    rmSync(copy, { recursive: true });
    expect(built).toContain(`image: registry.example.org/kms-reencrypt-proxy:${VERSION}\n`);
    expect(built).not.toMatch(/eu-west-1|111122223333|replace me/);
    expect(built).toMatch(/value: eu-central-1\n[\s\S]*value: arn:aws:iam::444455556666:role/);
    expect(built).toContain(`hmac-key: ${key}`);
  });

  it('turn the rules for Prometheus into those of its operator, as the page describes', () => {
    const page = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');
    const [, script = ''] = /^```sh\n(for part in.*?)^```/ms.exec(page) ?? [];
    const copy = mkdtempSync(join(tmpdir(), 'krp-rules-'));
    cpSync(join(ROOT, 'deploy'), join(copy, 'deploy'), { recursive: true });
    runTool('bash', ['-euc', script], { cwd: copy });
    const made = parseAllDocuments(readFileSync(join(copy, 'prometheus-rules.yaml'), 'utf8'));
    const shipped = ['recording', 'alerts'].map((name) =>
      parse(readFileSync(join(copy, `deploy/prometheus/${name}.yaml`), 'utf8')),
    );
    rmSync(copy, { recursive: true });
    expect(made.map((document) => document.toJS())).toMatchObject(
      shipped.map((spec) => ({ kind: 'PrometheusRule', spec })),
    );
  });

  it('give no container more than it needs', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const container of [...pod.initContainers, ...pod.containers]) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container['resources']).toHaveProperty('limits.memory');
    }
  });

  it('give the token that may call KMS only to the sidecar', () => {
    expect(pod.automountServiceAccountToken).toBe(false);
    const tokens = pod.volumes.filter(({ projected }) => projected).map(({ name }) => name);
    const mounted = (container: Container) => container.volumeMounts.map(({ name }) => name);
    expect(tokens).toEqual(['aws-token']);
    expect(mounted(pod.initContainers[0])).toContain('aws-token');
    expect(mounted(pod.containers[0])).toEqual(['socket']);
    const account = JSON.stringify(manifest('ServiceAccount'));
    expect(account).not.toContain('eks.amazonaws.com/role-arn');
  });

  it('configure the proxy with valid settings', () => {
    const [sidecar] = pod.initContainers;
    const env = Object.fromEntries(
      (sidecar.env ?? [])
        .filter(({ name }) => name.startsWith('KRP_'))
        .map(({ name, value = '' }) => [name, value]),
    );
    const config = join(DEPLOY, 'base/config.yaml');
    const args = ['src/main.ts', 'config', 'check', '--no-files', '--config', config];
    runTool('node', args, { cwd: ROOT, env });
  });

  it('leave the proxy time to stop after an application that takes the usual 30 s', () => {
    const { lame_duck_ms: lameDuck, drain_ms: drain } = life.parse({});
    const needed = 30 + (lameDuck + drain) / 1_000;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(needed);
  });

  it('accept keys printed by the commands in keys.yaml', () => {
    const text = readFileSync(join(DEPLOY, 'base/keys.yaml'), 'utf8');
    const [pem, hmac] = [...text.matchAll(/`openssl ([^`]+)`/g)].map(([, args = ''], index) => {
      const key = join(folder, `key-${index}`);
      writeFileSync(key, runTool('openssl', args.split(' ')), { mode: 0o600 });
      return key;
    });
    const demo = join(ROOT, 'config/demo.yaml');
    const keys = [`audit.checkpoint.signing_key_file=${pem}`, `audit.hmac_key_file=${hmac}`];
    const log = `audit.file=${join(folder, 'audit.jsonl')}`;
    const set = [...keys, log].flatMap((setting) => ['--set', setting]);
    runTool('node', ['src/main.ts', 'config', 'check', '--config', demo, ...set], { cwd: ROOT });
  });

  it('take no variables from Services of the namespace, one of which may be called krp', () => {
    expect(pod).toMatchObject({ enableServiceLinks: false });
  });

  it('have the container, program, socket and log that the runbook names', () => {
    const runbook = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8');
    const config = readFileSync(join(DEPLOY, 'base/config.yaml'), 'utf8');
    const [, container, node, program] = /-c (\S+) -- (\S+) (\S+\.js)`/.exec(runbook) ?? [];
    const [, socket] = /`(unix:\S+)`/.exec(runbook) ?? [];
    const [, log] = /audit tail (\S+)/.exec(runbook) ?? [];
    const [, port] = /port-forward POD (\d+)/.exec(runbook) ?? [];
    expect(pod.initContainers[0]).toMatchObject({ name: container });
    expect(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).toMatch(
      new RegExp(`ENTRYPOINT \\["${node}", .*"${program}"\\]`),
    );
    expect(config).toContain(`listen: ${socket}\n`);
    expect(config).toContain(`file: ${log}\n`);
    expect(config).toContain(`:${port}\n`);
  });

  it('mount every folder that the configuration names', () => {
    const text = readFileSync(join(DEPLOY, 'base/config.yaml'), 'utf8');
    const mounts = pod.initContainers[0].volumeMounts.map(({ mountPath }) => mountPath);
    const paths = [...text.matchAll(/(?:unix:)?(\/(?:etc|var|run)\/\S+)/g)].map(
      ([, at = '']) => at,
    );
    expect(paths.length).toBeGreaterThan(2);
    for (const path of paths)
      expect(mounts.some((mount) => path.startsWith(`${mount}/`))).toBe(true);
  });

  it('scrape every pod under the job that the alerts expect', () => {
    expect(JSON.stringify(manifest('PodMonitor'))).toContain('"replacement":"kms-reencrypt-proxy"');
  });
});

describe('the IAM policy', () => {
  interface Statement {
    readonly Sid: string;
    readonly Action: string;
    readonly Condition: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  }
  const file = join(DEPLOY, 'iam/reencrypt-policy.json');
  const { Statement } = JSON.parse(readFileSync(file, 'utf8')) as { Statement: Statement[] };
  const data = parse(readFileSync(join(ROOT, 'policies/example/data.json'), 'utf8'));
  const [rule] = data.kms_reencrypt.principals.anonymous.rules;

  it.each([
    ['kms:ReEncryptFrom', 'source'],
    ['kms:ReEncryptTo', 'destination'],
  ])('allows %s the same keys and contexts as the example policy for the %s', (action, side) => {
    const statement = Statement.find(({ Action }) => Action === action);
    const condition = statement?.Condition ?? {};
    expect([condition['ForAnyValue:StringEquals']?.['kms:ResourceAliases']]).toEqual(
      rule[side].keys,
    );
    expect(condition['ForAllValues:StringEquals']?.['kms:EncryptionContextKeys']).toEqual(
      rule.context.keep,
    );
  });

  it('lets the proxy look up what its policy reads', () => {
    const facts = Statement.find(({ Sid }) => Sid === 'KeyFacts');
    expect(facts?.Action).toEqual(['kms:DescribeKey', 'kms:ListAliases', 'kms:ListResourceTags']);
  });
});
