import { describe, expect, it } from 'vitest';
import type { Decision, Progress } from '../../src/call.ts';
import { SERVICE_NAME } from '../../src/contract/service-names.ts';
import { Refusal } from '../../src/errors.ts';
import { METRICS, RULES_AT_MOST } from '../../src/metrics/catalogue.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { loadService } from '../../src/server/service.ts';
import { callOf, deny } from './progress.ts';

const create = () => createMetrics({ version: '1.2.3', backend: 'embedded' });
type Metrics = ReturnType<typeof create>;

/** The value of one series as a scraper reads it; undefined if it is absent. */
async function sample(metrics: Metrics, series: string): Promise<number | undefined> {
  const body = String((await metrics.text('text/plain')).body);
  const line = body.split('\n').find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

const REENCRYPT =
  'grpc_type="unary",grpc_service="kms.reencrypt.v1.ReEncryptService",grpc_method="ReEncrypt"';

describe('the gRPC server metrics', () => {
  it('have every method and every code at 0 before the first call', async () => {
    const metrics = create();
    const body = String((await metrics.text('')).body);
    for (const name of Object.keys(loadService())) {
      const labels = `grpc_service="${SERVICE_NAME}",grpc_method="${name}"`;
      const codes = body.matchAll(
        new RegExp(`^grpc_server_handled_total\\{.*${labels},grpc_code="(\\w+)"\\} 0$`, 'gm'),
      );
      expect(new Set([...codes].map(([, code]) => code)).size, name).toBe(17);
    }
    expect(await sample(metrics, `grpc_server_started_total{${REENCRYPT}}`)).toBe(0);
    expect(await sample(metrics, `grpc_server_handling_seconds_count{${REENCRYPT}}`)).toBe(0);
  });

  it('count a call under its method, code and duration, and in flight until it is handled', async () => {
    const metrics = create();
    const method = metrics.grpc.method('/kms.reencrypt.v1.ReEncryptService/ReEncrypt');
    method.started();
    method.received();
    expect(await sample(metrics, 'kms_reencrypt_in_flight_calls{transport="grpc"}')).toBe(1);
    method.sent();
    method.handled(7, 0.03);

    const denied = `grpc_server_handled_total{${REENCRYPT},grpc_code="PermissionDenied"}`;
    const bucket = (le: string) =>
      sample(metrics, `grpc_server_handling_seconds_bucket{le="${le}",${REENCRYPT}}`);
    expect(await sample(metrics, denied)).toBe(1);
    expect(await bucket('0.025')).toBe(0);
    expect(await bucket('0.05')).toBe(1);
    expect(await sample(metrics, 'kms_reencrypt_in_flight_calls{transport="grpc"}')).toBe(0);
  });

  it('count every path that nobody serves under one series', async () => {
    const metrics = create();
    for (const path of ['/evil/A', '/evil/B', '/', '__proto__'])
      metrics.grpc.method(path).started();
    const labels = 'grpc_type="unary",grpc_service="_other",grpc_method="_other"';
    expect(await sample(metrics, `grpc_server_started_total{${labels}}`)).toBe(4);
  });

  it('count a code outside the list as Unknown', async () => {
    const metrics = create();
    const method = metrics.grpc.method('/kms.reencrypt.v1.ReEncryptService/ReEncrypt');
    method.handled(99, 0.1);
    const unknown = `grpc_server_handled_total{${REENCRYPT},grpc_code="Unknown"}`;
    expect(await sample(metrics, unknown)).toBe(1);
  });
});

describe('calls', () => {
  const answer = { dryRun: false } as NonNullable<Progress['answer']>;
  const allow: Decision = { ...deny(''), effect: 'allow', reasons: [], rule: 'tenants' };

  it.each<[string, Progress, Refusal | undefined, string]>([
    ['released', callOf({ decision: allow, answer }), undefined, 'outcome="released",reason="OK"'],
    [
      'a dry run',
      callOf({ decision: allow, answer: { ...answer, dryRun: true } }),
      undefined,
      'outcome="dry_run",reason="OK"',
    ],
    [
      'denied by policy',
      callOf({ decision: deny('tenants') }),
      new Refusal('POLICY_DENIED'),
      'outcome="denied",reason="POLICY_DENIED"',
    ],
    [
      'failed at KMS',
      callOf({ decision: allow }),
      new Refusal('KMS_THROTTLED'),
      'outcome="failed",reason="KMS_THROTTLED"',
    ],
    [
      'withheld',
      callOf({ decision: allow, answer }),
      new Refusal('CONFIRM_MISMATCH'),
      'outcome="withheld",reason="CONFIRM_MISMATCH"',
    ],
  ])('%s: raise one series by one, from 0', async (_, progress, refusal, labels) => {
    const metrics = create();
    const series = `kms_reencrypt_calls_total{transport="grpc",${labels}}`;
    expect(await sample(metrics, series)).toBe(0);
    metrics.count(progress, refusal);
    expect(await sample(metrics, series)).toBe(1);
  });

  it.each(['POLICY_DENIED', 'POLICY_TIMEOUT', 'SOURCE_KEY_REQUIRED'])(
    'have denials as %s at 0 before the first, so that its increase is seen',
    async (reason) => {
      const labels = `effect="deny",reason="${reason}",rule="",side=""`;
      expect(await sample(create(), `kms_reencrypt_decisions_total{${labels}}`)).toBe(0);
    },
  );

  it('count decisions by effect, reason, rule and side, with their duration', async () => {
    const metrics = create();
    metrics.count(callOf({ decision: deny('tenants') }), new Refusal('POLICY_DENIED'));
    const labels = 'effect="deny",reason="POLICY_DENIED",rule="tenants",side="source"';
    expect(await sample(metrics, `kms_reencrypt_decisions_total{${labels}}`)).toBe(1);
    expect(await sample(metrics, 'kms_reencrypt_policy_seconds_count')).toBe(1);
    expect(await sample(metrics, 'kms_reencrypt_policy_seconds_bucket{le="0.00001"}')).toBe(1);
    const decision = { ...deny('all'), sourceRequired: true };
    metrics.count(callOf({ decision }), new Refusal('SOURCE_KEY_REQUIRED'));
    const required = 'effect="deny",reason="SOURCE_KEY_REQUIRED",rule="all",side="source"';
    expect(await sample(metrics, `kms_reencrypt_decisions_total{${required}}`)).toBe(1);
  });

  it('keep the number of rule names bounded, whatever a policy gives', async () => {
    const metrics = create();
    const hostile = ['arn:aws:kms:eu-west-1:1:key/x', 'a"} 1\nfake 2', 'x'.repeat(65), 'é'];
    const many = Array.from({ length: RULES_AT_MOST + 40 }, (_, n) => `rule-${n}`);
    for (const rule of [...hostile, ...many]) metrics.count(callOf({ decision: deny(rule) }));

    const body = String((await metrics.text('')).body);
    const rules = body.match(/^kms_reencrypt_decisions_total.*rule="[^"]+"/gm) ?? [];
    expect(rules).toHaveLength(RULES_AT_MOST + 1);
    const other = 'effect="deny",reason="POLICY_DENIED",rule="_other",side="source"';
    expect(await sample(metrics, `kms_reencrypt_decisions_total{${other}}`)).toBe(44);
  });

  it('are counted by reason when turned away', async () => {
    const metrics = create();
    metrics.turnedAway(new Refusal('UNAUTHENTICATED'));
    const series = 'kms_reencrypt_turned_away_total{reason="UNAUTHENTICATED"}';
    expect(await sample(metrics, series)).toBe(1);
  });
});

describe('KMS', () => {
  const answered = {};
  const port = (reEncrypt: () => Promise<unknown>) => ({
    reEncrypt,
    describeKey: async () => ({}),
    listAliases: async () => [],
    listResourceTags: async () => ({}),
    getPublicKey: () => Promise.reject(new Error('not asked')),
    sign: () => Promise.reject(new Error('not asked')),
  });

  it('is counted and timed, and its answer passed on', async () => {
    const metrics = create();
    const kms = metrics.kms.measure(port(async () => answered));
    expect(await kms.reEncrypt()).toBe(answered);
    const operation = '{operation="ReEncrypt"}';
    expect(await sample(metrics, `kms_reencrypt_kms_attempts_total${operation}`)).toBe(1);
    expect(await sample(metrics, `kms_reencrypt_kms_seconds_count${operation}`)).toBe(1);
  });

  it.each([
    [Object.assign(new Error('slow down'), { code: 'ThrottlingException' }), 'ThrottlingException'],
    [new Refusal('DEADLINE_EXCEEDED'), 'DEADLINE_EXCEEDED'],
    [new Error('?'), '_other'],
    ['a string', '_other'],
  ])('that throws %s is counted under %s, and the error rethrown', async (thrown, error) => {
    const metrics = create();
    const kms = metrics.kms.measure(port(() => Promise.reject(thrown)));
    await expect(kms.reEncrypt()).rejects.toBe(thrown);
    const labels = `{operation="ReEncrypt",error="${error}"}`;
    expect(await sample(metrics, `kms_reencrypt_kms_errors_total${labels}`)).toBe(1);
  });
});

describe('the other stages', () => {
  it('report key look-ups, bundles, shadow decisions and audit entries', async () => {
    const metrics = create();
    metrics.keyLookup('hit', 4_000);
    metrics.keyLookup('miss');
    metrics.bundleLoad('refused');
    metrics.shadow('allow_to_deny');
    metrics.auditEntry('intent');
    metrics.auditCommit(0.002);
    metrics.auditDropped('stdout', 3);
    metrics.auditFailure('ENOSPC');
    metrics.auditFailure('E_UNHEARD_OF');
    const rows: [string, number][] = [
      ['kms_reencrypt_key_cache_lookups_total{result="hit"}', 1],
      ['kms_reencrypt_key_cache_age_seconds_bucket{le="5"}', 1],
      ['kms_reencrypt_key_cache_age_seconds_bucket{le="1"}', 0],
      ['kms_reencrypt_bundle_loads_total{result="refused"}', 1],
      ['kms_reencrypt_shadow_decisions_total{result="allow_to_deny"}', 1],
      ['kms_reencrypt_audit_entries_total{kind="intent"}', 1],
      ['kms_reencrypt_audit_commit_seconds_count', 1],
      ['kms_reencrypt_audit_dropped_total{sink="stdout"}', 3],
      ['kms_reencrypt_audit_failures_total{cause="ENOSPC"}', 1],
      ['kms_reencrypt_audit_failures_total{cause="_other"}', 1],
    ];
    for (const [series, value] of rows) expect(await sample(metrics, series), series).toBe(value);
  });

  it('are read by gauges at each scrape', async () => {
    const metrics = create();
    let queue = 3;
    metrics.read({ auditQueue: () => queue, bundleRevision: () => 'rev-1' });
    metrics.read({ observeMode: () => true, certificateExpiry: () => ({ grpc: 2_000_000_000 }) });
    expect(await sample(metrics, 'kms_reencrypt_audit_queue_entries')).toBe(3);
    queue = 0;
    expect(await sample(metrics, 'kms_reencrypt_audit_queue_entries')).toBe(0);
    expect(await sample(metrics, 'kms_reencrypt_bundle_info{revision="rev-1"}')).toBe(1);
    expect(await sample(metrics, 'kms_reencrypt_observe_mode')).toBe(1);
    expect(await sample(metrics, 'kms_reencrypt_embedded_backend')).toBe(1);
    const expiry = 'kms_reencrypt_certificate_expiry_timestamp_seconds{listener="grpc"}';
    expect(await sample(metrics, expiry)).toBe(2_000_000);
  });

  it.each([
    ['closed', 0],
    ['open', 1],
    ['half_open', 1],
  ])('tell of a breaker that is %s as %i', async (state, told) => {
    const metrics = create();
    metrics.read({ breaker: () => state });
    expect(await sample(metrics, 'kms_reencrypt_breaker_open')).toBe(told);
  });

  it('keep only one bundle info series after a new revision', async () => {
    const metrics = create();
    let revision = 'one';
    metrics.read({ bundleRevision: () => revision });
    await metrics.text('');
    revision = 'two';
    const body = String((await metrics.text('')).body);
    expect(body.match(/^kms_reencrypt_bundle_info\{.*$/gm)).toEqual([
      'kms_reencrypt_bundle_info{revision="two"} 1',
    ]);
  });
});

describe('the text', () => {
  const PROMETHEUS =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

  it.each([
    ['', 'text/plain'],
    ['*/*', 'text/plain'],
    ['text/plain', 'text/plain'],
    ['application/openmetrics-text;q=0', 'text/plain'],
    [PROMETHEUS, 'application/openmetrics-text'],
  ])('for Accept %j is %s', async (accept, type) => {
    const { contentType } = await create().text(accept);
    expect(contentType.split(';')[0]).toBe(type);
  });

  it('is the same before and after an answer in OpenMetrics', async () => {
    const metrics = create();
    const names = async (accept: string) =>
      String((await metrics.text(accept)).body)
        .match(/^# TYPE \S+/gm)
        ?.join();
    const before = await names('');
    const open = String((await metrics.text(PROMETHEUS)).body);
    expect(open).toContain('# TYPE kms_reencrypt_calls counter\n');
    expect(open).toContain('\nkms_reencrypt_calls_total{');
    expect(open).toMatch(/bucket\{le="1\.0"/);
    expect(open.endsWith('\n# EOF\n')).toBe(true);
    expect(await names('')).toBe(before);
  });

  it('holds every metric of the catalogue', async () => {
    const body = String((await create().text('')).body);
    for (const name of Object.keys(METRICS)) expect(body).toContain(`# TYPE ${name} `);
  });
});
