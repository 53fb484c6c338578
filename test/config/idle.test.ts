import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config/load.ts';
import { NEEDS } from '../../src/config/needs.ts';
import type { Config } from '../../src/config/schema.ts';
import { configAsYaml, configJsonSchema } from '../../src/config/show.ts';

const MINIMUM = ['kms.backend=aws', 'policy.source=bundle.tar.gz', 'audit.file=audit.jsonl'];
const PAIR = 'grpc.tls.cert_file=c grpc.tls.key_file=k';
/** Short names for longer settings. */
const SHORTHANDS: Readonly<Record<string, string>> = {
  PAIR,
  ONE_WAY: `${PAIR} grpc.tls.client_certificates=off`,
  MUTUAL: `${PAIR} grpc.tls.client_ca_file=ca`,
  SPIFFE: 'grpc.tls.spiffe_socket=unix:/s identity.mtls.trust_domains=[a.example]',
  JWT: 'identity.jwt.issuer=i identity.jwt.audience=[a] identity.jwt.jwks_file=f',
  ACCESS_KEY: 'kms_json.access_keys=[{"id":"AKID","secret_file":"s"}]',
  URL: 'policy.source=http://bundles.example/b.tar.gz',
  PAIR_OF_SERVICE: 'policy.service.cert_file=c policy.service.key_file=k',
  HTTPS: 'policy.source=https://bundles.example/b.tar.gz',
  CANDIDATE: 'policy.candidate=https://bundles.example/b.tar.gz',
};

/** The settings, the problem reported, and further settings that cure it. */
const CASES = `
grpc.mode=0600 | grpc.mode: does nothing without a Unix socket in grpc.listen | grpc.listen=unix:/a
grpc.listeners=[{"listen":"[::1]:1","mode":"0600"}] | grpc.listeners.0.mode: does nothing without a Unix socket in grpc.listeners.0.listen | grpc.listeners=[{"listen":"unix:/a","mode":"0600"}]
grpc.listeners=[{"listen":"unix:/a","identity":"app"}] identity.order=[mtls] | grpc.listeners.0.identity: does nothing without uds in identity.order | identity.order=[uds]
grpc.listeners=[{"listen":"[::1]:1","plaintext":false}] | grpc.listeners.0.plaintext: does nothing without grpc.tls | ONE_WAY
grpc.listeners=[{"listen":"[::1]:1","plaintext":true}] | grpc.listeners.0.plaintext: does nothing without grpc.tls | ONE_WAY
ONE_WAY grpc.listeners=[{"listen":"unix:/a","plaintext":false}] | grpc.listeners.0.plaintext: does nothing without a TCP address in grpc.listeners.0.listen | grpc.listeners=[{"listen":"[::1]:1","plaintext":false}]
ONE_WAY grpc.listen=unix:/a | grpc.tls: does nothing without a TCP address in grpc.listen or a TCP address in grpc.listeners.*.listen | grpc.listeners=[{"listen":"[::1]:1"}]
SPIFFE grpc.tls.cert_file=c | grpc.tls.cert_file: does nothing without grpc.tls.key_file | grpc.tls.key_file=k
SPIFFE grpc.tls.key_file=k | grpc.tls.key_file: does nothing without grpc.tls.cert_file | grpc.tls.cert_file=c
SPIFFE grpc.tls.poll_ms=50 | grpc.tls.poll_ms: does nothing without grpc.tls.cert_file | PAIR
MUTUAL grpc.tls.client_certificates=off | grpc.tls.client_ca_file: does nothing without grpc.tls.client_certificates (it is off) | grpc.tls.client_certificates=optional
grpc.connections.handshake_timeout_ms=900 | grpc.connections.handshake_timeout_ms: does nothing without grpc.tls | ONE_WAY

ACCESS_KEY | kms_json.access_keys: does nothing without kms_json.listen | kms_json.listen=[::1]:1
kms_json.max_connections=9 | kms_json.max_connections: does nothing without kms_json.listen | kms_json.listen=[::1]:1
kms_json.listen=[::1]:1 kms_json.max_clock_skew_ms=0 | kms_json.max_clock_skew_ms: does nothing without kms_json.access_keys | ACCESS_KEY

identity.mtls.trust_domains=[a.example] | identity.mtls.trust_domains: does nothing without grpc.tls | MUTUAL
identity.mtls.name_from=dns | identity.mtls.name_from: does nothing without grpc.tls | MUTUAL
ONE_WAY identity.mtls.name_from=dns | identity.mtls.name_from: does nothing without grpc.tls.client_certificates (it is off) | MUTUAL grpc.tls.client_certificates=required
MUTUAL identity.mtls.name_from=dns identity.order=[jwt] | identity.mtls.name_from: does nothing without mtls in identity.order | identity.order=[jwt,mtls]
MUTUAL identity.mtls.trust_domains=[a.example] identity.order=[jwt] | identity.mtls.trust_domains: does nothing without mtls in identity.order or grpc.tls.spiffe_socket | identity.order=[mtls]
JWT identity.order=[mtls] | identity.jwt: does nothing without jwt in identity.order | identity.order=[jwt]
identity.jwt={"issuer":"i","audience":["a"],"jwks_file":"f","max_age_ms":9} | identity.jwt.max_age_ms: does nothing without identity.jwt.jwks_url | identity.jwt={"issuer":"i","audience":["a"],"jwks_url":"https://i.example","max_age_ms":9}

keys.describe=false keys.tags=true | keys.tags: does nothing without keys.describe (it is false) | keys.tags=false
keys.describe=false keys.aliases=true | keys.aliases: does nothing without keys.describe (it is false) | keys.aliases=false
keys.describe=false keys.ttl_ms=9 | keys.ttl_ms: does nothing without keys.describe (it is false) | keys.describe=true
keys.describe=false keys.own_account=111122223333 | keys.own_account: does nothing without keys.describe (it is false) | keys.describe=true
keys.tags=false keys.aliases=false keys.own_account=111122223333 | keys.own_account: does nothing without keys.tags (it is false) or keys.aliases (it is false) | keys.tags=true

policy.max_staleness_ms=0 | policy.max_staleness_ms: does nothing without a URL in policy.source or a URL in policy.candidate | URL
policy.service.bearer_token_file=f | policy.service.bearer_token_file: does nothing without a URL in policy.source or a URL in policy.candidate | URL
policy.service.polling.max_delay_seconds=60 | policy.service.polling.max_delay_seconds: does nothing without a URL in policy.source or a URL in policy.candidate | CANDIDATE
URL policy.service.ca_file=f | policy.service.ca_file: does nothing without an https URL in policy.source or an https URL in policy.candidate | CANDIDATE
URL PAIR_OF_SERVICE | policy.service.cert_file: does nothing without an https URL in policy.source or an https URL in policy.candidate & policy.service.key_file: does nothing without an https URL in policy.source or an https URL in policy.candidate | HTTPS
CANDIDATE policy.service.persist=f | policy.service.persist: does nothing without a URL in policy.source | URL

audit.required=[stdout] | audit.required: stdout does nothing without audit.stdout (it is false) | audit.stdout=true
audit.stdout=true audit.required=[decision-log] | audit.required: decision-log does nothing without audit.decision_log | audit.decision_log.url=https://opa.example
audit.max_behind=9 | audit.max_behind: does nothing without audit.stdout (it is false) or audit.decision_log | audit.stdout=true

limits.kms.max_queue=0 limits.kms.max_wait_ms=9 | limits.kms.max_wait_ms: does nothing without limits.kms.max_queue (it is 0) | limits.kms.max_queue=1
limits.all.per_second=0 limits.all.burst=50 | limits.all.burst: does nothing without limits.all.per_second (it is 0) | limits.all.per_second=9
limits.per_principal.burst=50 | limits.per_principal.burst: does nothing without limits.per_principal.per_second (it is 0) | limits.per_principal.per_second=9
limits.per_key.burst=50 | limits.per_key.burst: does nothing without limits.per_key.per_second (it is 0) | limits.per_key.per_second=9
`;

const cases = CASES.split('\n')
  .filter((line) => line !== '')
  .map((line) => line.split(' | '))
  .map(([written = '', told = '', cure = '']) => ({
    written: settingsOf(written),
    told: told.split(' & '),
    cure: settingsOf(cure),
  }));

function settingsOf(text: string): string[] {
  return text.split(' ').flatMap((word) => SHORTHANDS[word]?.split(' ') ?? [word]);
}

const load = (settings: readonly string[], env = {}): Config =>
  loadConfig({ file: undefined, settings: [...MINIMUM, ...settings], env });

function problems(settings: readonly string[], env = {}): readonly string[] {
  try {
    load(settings, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('a setting that does nothing because of the others', () => {
  test.each(cases)('is refused: $told', ({ written, told, cure }) => {
    expect(problems(written)).toEqual(told);
    expect(problems([...written, ...cure])).toEqual([]);
  });

  test('has a case here, and every rule names real settings', () => {
    const told = cases.flatMap((one) => one.told.map((sentence) => sentence.split(':')[0] ?? ''));
    const paths = NEEDS.flat().map(({ path }) => path);
    expect(paths.filter((path) => !isSetting(path))).toEqual([]);
    const settings = NEEDS.map(([{ path }]) => new RegExp(`^${path.replaceAll('*', '\\w+')}$`));
    expect(settings.filter((like) => !told.some((at) => like.test(at)))).toEqual([]);
  });

  test('is reported along with other problems, with the variable that sets it', () => {
    const env = { KRP_LIMITS__PER_PRINCIPAL__BURST: '50', KRP_NOBODY: '1' };
    expect(problems(['kms_json=[]', 'audit.max_behind=9'], env)).toEqual([
      expect.stringMatching(/^kms_json: /),
      'nobody, which KRP_NOBODY sets: there is no such setting',
      'audit.max_behind: does nothing without audit.stdout (it is false) or audit.decision_log',
      'limits.per_principal.burst, which KRP_LIMITS__PER_PRINCIPAL__BURST sets: does nothing without limits.per_principal.per_second (it is 0)',
    ]);
  });

  test('is accepted if it only says that something is off', () => {
    const off = ['keys.describe=false', 'keys.tags=false', 'keys.aliases=false', 'keys.ttl_ms=0'];
    expect(problems([...off, 'kms_json.access_keys=[]', 'identity.mtls.name_from=none'])).toEqual(
      [],
    );
  });

  test('is accepted for the other backend, so one file can serve both', () => {
    const both = [
      'kms.embedded.state_file=s',
      'kms.aws.region=eu-west-1',
      'limits.kms.max_queue=9',
    ];
    for (const backend of ['aws', 'embedded']) {
      expect(problems([...both, `kms.backend=${backend}`])).toEqual([]);
    }
  });

  test('is not printed, so a printed configuration loads as the same one', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'idle-')), 'printed.yaml');
    const listeners = 'grpc.listeners=[{"listen":"unix:/a","identity":"a"},{"listen":"[::1]:1"}]';
    const off = ['keys.describe=false', 'limits.all.per_second=0', 'limits.kms.max_queue=0'];
    for (const settings of [[], [listeners, ...off], settingsOf('MUTUAL HTTPS JWT')]) {
      const config = load(settings);
      writeFileSync(file, configAsYaml(config));
      expect(loadConfig({ file, settings: [], env: {} })).toEqual(config);
    }
  });
});

const SCHEMA: Schema = configJsonSchema();

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

function isSetting(path: string): boolean {
  const found = path
    .split('.')
    .reduce<Schema | undefined>(
      (at, key) =>
        key === '*' ? (at?.items ?? Object.values(at?.properties ?? {})[0]) : at?.properties?.[key],
      SCHEMA,
    );
  return found !== undefined;
}
