/** docs/metrics.md, written from the table of metrics and the labels that are there from the start. */
import { METRICS, type MetricSpec, RULES_AT_MOST } from '../src/metrics/catalogue.ts';
import { createMetrics } from '../src/metrics/metrics.ts';

const SECTIONS: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  ['gRPC server', ['grpc_server_', 'kms_reencrypt_connections']],
  ['KMS JSON endpoint', ['kms_reencrypt_http_']],
  ['Calls', ['kms_reencrypt_in_flight', 'kms_reencrypt_calls', 'kms_reencrypt_turned']],
  [
    'Policy',
    [
      'kms_reencrypt_decisions',
      'kms_reencrypt_policy',
      'kms_reencrypt_observe',
      'kms_reencrypt_shadow',
      'kms_reencrypt_bundle',
      'kms_reencrypt_candidate',
    ],
  ],
  [
    'KMS',
    [
      'kms_reencrypt_kms',
      'kms_reencrypt_breaker',
      'kms_reencrypt_credentials',
      'kms_reencrypt_embedded',
    ],
  ],
  ['Key facts', ['kms_reencrypt_key_cache']],
  ['Audit', ['kms_reencrypt_audit']],
  ['Process', ['kms_reencrypt_token', 'kms_reencrypt_certificate', 'kms_reencrypt_build']],
];

const HEAD = `# Metrics

<!-- Written by \`npm run generate\` from src/metrics/catalogue.ts; do not edit. -->

\`probe.listen\` serves every metric at \`/metrics\`, in Prometheus's text format or in OpenMetrics, as
the \`Accept\` header asks. No label holds a key id, an ARN, a path, a principal or anything else that
a caller can choose. Every series with known labels is there from the start at 0, so that a first
error shows as a rise. Names of policy rules are the one open set: the first ${RULES_AT_MOST} that match
\`[A-Za-z0-9_./-]{1,64}\` are label values, all others count under \`_other\`.

Times are Unix time in seconds, durations are seconds. The reasons are the closed list that errors
and audit entries use.
`;

const TAIL = `
## Node.js and the operating system

prom-client's own \`process_*\` and \`nodejs_*\` metrics: CPU seconds, resident memory, open files,
event loop lag, heap and garbage collection. Three of them that are gauges named like counters
(\`nodejs_active_{handles,requests,resources}_total\`) are left out.
`;

export async function metricsPage(): Promise<string> {
  const values = await labelValues();
  const homeless = Object.keys(METRICS).filter(
    (name) => !SECTIONS.some(([, own]) => isOf(own, name)),
  );
  if (homeless.length > 0) throw new Error(`no section of the page has ${homeless.join(', ')}`);
  const sections = SECTIONS.map(([title, prefixes]) => {
    const rows = Object.entries(METRICS)
      .filter(([name]) => isOf(prefixes, name))
      .map(([name, spec]) => row(name, spec, values.get(name)));
    const head = '| metric | type | labels | what it says |\n| --- | --- | --- | --- |';
    return `\n## ${title}\n\n${head}\n${rows.join('\n')}\n`;
  });
  return HEAD + sections.join('') + TAIL;
}

const isOf = (prefixes: readonly string[], name: string): boolean =>
  prefixes.some((prefix) => name.startsWith(prefix));

type Values = ReadonlyMap<string, ReadonlySet<string>>;

function row(name: string, spec: MetricSpec, values: Values | undefined): string {
  const labels = spec.labels.map((label) => describe(label, values?.get(label)));
  const buckets = spec.buckets ? ` Buckets: ${spec.buckets.join(', ')}.` : '';
  return `| \`${name}\` | ${spec.type} | ${labels.join('<br>')} | ${spec.help}${buckets} |`;
}

const TOLD_AT_MOST = 12;

function describe(label: string, values: ReadonlySet<string> = new Set()): string {
  const told = [...values].filter((value) => value !== '');
  if (told.length === 0 || told.length > TOLD_AT_MOST || OPEN.has(label)) return `\`${label}\``;
  return `\`${label}\`: ${told.map((value) => `\`${value}\``).join(', ')}`;
}

/** Labels whose values say what runs, not what can be. */
const OPEN = new Set(['version', 'node_version', 'backend', 'revision', 'rule']);

async function labelValues(): Promise<ReadonlyMap<string, Values>> {
  const metrics = createMetrics({ version: '0.0.0', backend: 'aws' });
  const body = String((await metrics.text('')).body);
  const found = new Map<string, Map<string, Set<string>>>();
  for (const [, sample = '', labels = ''] of body.matchAll(/^(\w+)\{(.*)\} /gm)) {
    const name = sample.replace(/_(bucket|sum|count)$/, '');
    const ofName = found.get(name) ?? new Map<string, Set<string>>();
    found.set(name, ofName);
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
      ofName.set(label, (ofName.get(label) ?? new Set()).add(value));
    }
  }
  return found;
}
