/** deploy/grafana/kms-reencrypt-proxy.json: one dashboard, made from the rows below. */

interface Panel {
  readonly title: string;
  /** What a reader should think when it moves. */
  readonly says: string;
  readonly unit: 'reqps' | 'percentunit' | 's' | 'short' | 'bytes' | 'dtdurations' | 'bool';
  readonly kind?: 'timeseries' | 'stat';
  readonly queries: Readonly<Record<string, string>>;
}

/** Restricts a query to what the variables at the top of the dashboard choose. */
const ON = 'job=~"$job",instance=~"$instance"';
const SERVICE = `${ON},grpc_service="kms.reencrypt.v1.ReEncryptService"`;

const quantile = (q: number, bucket: string, by = '') =>
  `histogram_quantile(${q}, sum by (le${by}) (rate(${bucket}[$__rate_interval])))`;
const rate = (by: string, series: string) => `sum by (${by}) (rate(${series}[$__rate_interval]))`;

// biome-ignore format: a table reads best with a panel a line.
const ROWS: Readonly<Record<string, readonly Panel[]>> = {
  Overview: [
    { title: 'Calls', unit: 'reqps', says: 'Calls a second by how they ended.', queries: { '{{outcome}}': rate('outcome', `kms_reencrypt_calls_total{${ON}}`) } },
    { title: 'gRPC status', unit: 'reqps', says: 'Answers a second by status code.', queries: { '{{grpc_code}}': rate('grpc_code', `grpc_server_handled_total{${SERVICE}}`) } },
    { title: 'Latency', unit: 's', says: 'Seconds until the status is sent, unary calls.', queries: {
      p50: quantile(0.5, `grpc_server_handling_seconds_bucket{${SERVICE},grpc_type="unary"}`),
      p99: quantile(0.99, `grpc_server_handling_seconds_bucket{${SERVICE},grpc_type="unary"}`) } },
    { title: 'In flight', unit: 'short', says: 'Calls that have begun and not ended.', queries: { '{{instance}} {{transport}}': `kms_reencrypt_in_flight_calls{${ON}}` } },
    { title: 'Turned away', unit: 'reqps', says: 'Refused before anybody was identified, or by a limit.', queries: { '{{reason}}': `${rate('reason', `kms_reencrypt_turned_away_total{${ON}}`)} > 0` } },
    { title: 'KMS JSON endpoint', unit: 'reqps', says: 'Requests of unchanged AWS SDKs, by status.', queries: { '{{operation}} {{status}}': `${rate('operation, status', `kms_reencrypt_http_requests_total{${ON}}`)} > 0` } },
    { title: 'KMS JSON latency', unit: 's', says: 'Seconds until the answer on that endpoint.', queries: { p99: quantile(0.99, `kms_reencrypt_http_request_seconds_bucket{${ON}}`) } },
    { title: 'Reasons', unit: 'reqps', says: 'Why calls were not released.', queries: { '{{reason}}': `${rate('reason', `kms_reencrypt_calls_total{${ON},reason!="OK"}`)} > 0` } },
  ],
  Decisions: [
    { title: 'Decisions', unit: 'reqps', says: 'What policy decided, by rule.', queries: { '{{effect}} {{rule}}': rate('effect, rule', `kms_reencrypt_decisions_total{${ON}}`) } },
    { title: 'Share of denials', unit: 'percentunit', says: 'A jump is an attack or a bad bundle.', queries: { denied: `sum(rate(kms_reencrypt_decisions_total{${ON},effect="deny"}[$__rate_interval])) / sum(rate(kms_reencrypt_decisions_total{${ON}}[$__rate_interval]))` } },
    { title: 'Time of a decision', unit: 's', says: 'One evaluation of the policy.', queries: { p50: quantile(0.5, `kms_reencrypt_policy_seconds_bucket{${ON}}`), p99: quantile(0.99, `kms_reencrypt_policy_seconds_bucket{${ON}}`) } },
    { title: 'Bundle', unit: 'short', kind: 'stat', says: 'Proxies by the revision that serves.', queries: { '{{revision}}': `count by (revision) (kms_reencrypt_bundle_info{${ON}})` } },
    { title: 'Age of the bundle', unit: 's', says: 'Since its source last answered well; a file answers when it changes. Empty where it never did.', queries: { '{{instance}}': `time() - (kms_reencrypt_bundle_last_success_timestamp_seconds{${ON}} > 0)` } },
    { title: 'End of the bundle', unit: 'dtdurations', says: 'Until its not_after, after which every call is refused; empty where it has none.', queries: { '{{instance}}': `(kms_reencrypt_bundle_expiry_timestamp_seconds{${ON}} > 0) - time()` } },
    { title: 'Bundle loads', unit: 'short', says: 'Attempts to load one.', queries: { '{{result}}': `sum by (result) (increase(kms_reencrypt_bundle_loads_total{${ON}}[$__rate_interval]))` } },
    { title: 'Shadow', unit: 'reqps', says: 'The candidate bundle against the serving one.', queries: { '{{result}}': rate('result', `kms_reencrypt_shadow_decisions_total{${ON}}`) } },
    { title: 'Candidate', unit: 'short', kind: 'stat', says: 'Proxies by the revision that is asked beside; empty where none is loaded.', queries: { '{{revision}}': `count by (revision) (kms_reencrypt_candidate_info{${ON}})` } },
    { title: 'Observe mode, stale or refused', unit: 'bool', kind: 'stat', says: 'Wrong in production: denials are not enforced; every call is refused; what is at the source does not serve.', queries: { observe: `max(kms_reencrypt_observe_mode{${ON}})`, stale: `max(kms_reencrypt_bundle_stale{${ON}})`, refused: `max(kms_reencrypt_bundle_refused{${ON}})` } },
  ],
  KMS: [
    { title: 'KMS latency', unit: 's', says: 'Of each try; a second one counts by itself.', queries: { 'p50 {{operation}}': quantile(0.5, `kms_reencrypt_kms_seconds_bucket{${ON}}`, ', operation'), 'p99 {{operation}}': quantile(0.99, `kms_reencrypt_kms_seconds_bucket{${ON}}`, ', operation') } },
    { title: 'Requests to KMS', unit: 'reqps', says: 'What counts against the quota of the account.', queries: { '{{operation}}': rate('operation', `kms_reencrypt_kms_attempts_total{${ON}}`) } },
    { title: 'KMS errors', unit: 'reqps', says: 'By the name that KMS or the way to it gives.', queries: { '{{operation}} {{error}}': `${rate('operation, error', `kms_reencrypt_kms_errors_total{${ON}}`)} > 0` } },
    { title: 'Key facts from the cache', unit: 'percentunit', says: 'Look-ups that cost KMS nothing.', queries: { hit: `sum(rate(kms_reencrypt_key_cache_lookups_total{${ON},result="hit"}[$__rate_interval])) / sum(rate(kms_reencrypt_key_cache_lookups_total{${ON}}[$__rate_interval]))` } },
    { title: 'Age of key facts', unit: 's', says: 'Of those that were used.', queries: { p99: quantile(0.99, `kms_reencrypt_key_cache_age_seconds_bucket{${ON}}`) } },
    { title: 'Credentials', unit: 'dtdurations', says: 'Until they end; they are renewed before, with the calls. Empty where they never end.', queries: { '{{instance}}': `(kms_reencrypt_credentials_expiry_timestamp_seconds{${ON}} > 0) - time()` } },
    { title: 'Breaker, credentials or embedded', unit: 'bool', kind: 'stat', says: 'An open breaker refuses; credentials that are not renewed end; an embedded KMS has no place in production.', queries: { breaker: `max(kms_reencrypt_breaker_open{${ON}})`, credentials: `max(kms_reencrypt_credentials_failing{${ON}})`, embedded: `max(kms_reencrypt_embedded_backend{${ON}})`, 'embedded keys': `max(kms_reencrypt_embedded_keys_allowed{${ON}})` } },
  ],
  Audit: [
    { title: 'Entries', unit: 'reqps', says: 'Made durable, by kind.', queries: { '{{kind}}': `${rate('kind', `kms_reencrypt_audit_entries_total{${ON}}`)} > 0` } },
    { title: 'Commit', unit: 's', says: 'Until a batch of entries is durable: the disk.', queries: { p50: quantile(0.5, `kms_reencrypt_audit_commit_seconds_bucket{${ON}}`), p99: quantile(0.99, `kms_reencrypt_audit_commit_seconds_bucket{${ON}}`) } },
    { title: 'Failures', unit: 'short', says: 'Of the log: suspensions, a full queue, checkpoints not signed or delivered.', queries: { '{{cause}}': `sum by (cause) (increase(kms_reencrypt_audit_failures_total{${ON}}[$__rate_interval]))` } },
    { title: 'Undelivered', unit: 'short', says: 'Entries that a sink besides the file lacks, and those that it will never get; empty without such a sink.', queries: { '{{instance}} {{sink}}': `kms_reencrypt_audit_undelivered_entries{${ON}}`, '{{instance}} {{sink}} dropped': `increase(kms_reencrypt_audit_dropped_total{${ON}}[$__rate_interval]) > 0` } },
    { title: 'Queue', unit: 'short', says: 'Entries waiting for the disk.', queries: { '{{instance}}': `kms_reencrypt_audit_queue_entries{${ON}}` } },
    { title: 'Age of the checkpoint', unit: 's', says: 'What stands behind it is sealed; grows while there are no entries to sign for.', queries: { '{{instance}}': `time() - (kms_reencrypt_audit_last_checkpoint_timestamp_seconds{${ON}} > 0)` } },
    { title: 'Room for the log', unit: 'percentunit', says: 'Of its volume; once it is full, every call is refused.', queries: { '{{instance}}': `kms_reencrypt_audit_volume_free_bytes{${ON}} / kms_reencrypt_audit_volume_size_bytes{${ON}}` } },
    { title: 'Suspended', unit: 'bool', kind: 'stat', says: 'No entry can be made durable; calls are refused.', queries: { '{{instance}}': `kms_reencrypt_audit_suspended{${ON}}` } },
  ],
  Process: [
    { title: 'Versions', unit: 'short', kind: 'stat', says: 'Proxies by what they run.', queries: { '{{version}} {{backend}}': `count by (version, backend) (kms_reencrypt_build_info{${ON}})` } },
    { title: 'CPU', unit: 'percentunit', says: 'Of one core.', queries: { '{{instance}}': `rate(process_cpu_seconds_total{${ON}}[$__rate_interval])` } },
    { title: 'Memory', unit: 'bytes', says: 'Resident.', queries: { '{{instance}}': `process_resident_memory_bytes{${ON}}` } },
    { title: 'Event loop lag', unit: 's', says: 'The 99th percentile between two scrapes, of which 50 ms lie between two looks at it.', queries: { '{{instance}}': `nodejs_eventloop_lag_p99_seconds{${ON}}` } },
    { title: 'Connections refused', unit: 'reqps', says: 'At a full door, or before they had spoken.', queries: { '{{door}} {{why}}': rate('door, why', `kms_reencrypt_connections_refused_total{${ON}}`) } },
    { title: 'Open files', unit: 'short', says: 'Connections are files too.', queries: { '{{instance}}': `process_open_fds{${ON}}` } },
    { title: 'Certificates', unit: 'dtdurations', says: 'Until they end; below zero they have.', queries: { '{{instance}} {{listener}}': `kms_reencrypt_certificate_expiry_timestamp_seconds{${ON}} - time()` } },
    { title: 'Token keys missing', unit: 'bool', kind: 'stat', says: 'Every bearer token is refused.', queries: { missing: `max(kms_reencrypt_token_keys_missing{${ON}})` } },
  ],
};

const SOURCE = { type: 'prometheus', uid: '$datasource' };
const WIDTH = 6;
const HEIGHT = 7;

export function dashboard(): string {
  let y = 0;
  let id = 0;
  const panels = Object.entries(ROWS).flatMap(([title, row]) => {
    const head = {
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
    };
    const from = y + 1;
    y = from + Math.ceil(row.length / 4) * HEIGHT;
    return [
      head,
      ...row.map((panel, n) => {
        const place = { x: (n % 4) * WIDTH, y: from + Math.floor(n / 4) * HEIGHT };
        return draw(panel, { id: ++id, gridPos: { ...place, w: WIDTH, h: HEIGHT } });
      }),
    ];
  });
  return `${JSON.stringify({ ...BOARD, panels }, null, 2)}\n`;
}

/** Of their own, because Grafana's are red from 80: a large fleet, and no flag. */
function thresholds(unit: Panel['unit']) {
  const calm = { color: unit === 'bool' ? 'green' : 'text', value: null };
  const steps = unit === 'bool' ? [calm, { color: 'red', value: 1 }] : [calm];
  return { mode: 'absolute', steps };
}

function draw({ title, says, unit, kind = 'timeseries', queries }: Panel, place: object) {
  // What has expired is below zero.
  const axis = unit === 'dtdurations' ? {} : { min: 0 };
  const stat = kind === 'stat' ? { thresholds: thresholds(unit) } : {};
  // Over a range, a stat would go on to show the revision that served an hour ago.
  const now = kind === 'stat' ? { instant: true, range: false } : {};
  return {
    ...place,
    type: kind,
    title,
    description: says,
    datasource: SOURCE,
    fieldConfig: { defaults: { unit, ...axis, ...stat }, overrides: [] },
    targets: Object.entries(queries).map(([legendFormat, expr], n) => ({
      refId: String.fromCharCode(65 + n),
      datasource: SOURCE,
      expr,
      legendFormat,
      ...now,
    })),
  };
}

function variable(name: string, query: string) {
  return {
    name,
    type: 'query',
    datasource: SOURCE,
    query: { query, refId: name },
    definition: query,
    refresh: 2,
    includeAll: true,
    multi: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  };
}

const BOARD = {
  title: 'kms-reencrypt-proxy',
  uid: 'kms-reencrypt-proxy',
  tags: ['kms-reencrypt-proxy'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  refresh: '30s',
  time: { from: 'now-3h', to: 'now' },
  templating: {
    list: [
      { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' },
      variable('job', 'label_values(kms_reencrypt_build_info, job)'),
      variable('instance', 'label_values(kms_reencrypt_build_info{job=~"$job"}, instance)'),
    ],
  },
};
