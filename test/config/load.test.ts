import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config/load.ts';
import { SIGNING_ALGORITHMS } from '../../src/signing-algorithms.ts';

const DEMO = 'config/demo.yaml';
const SERVICE = 'policy.source=https://bundles.example/policy.tar.gz';
const demo = (settings: string[] = [], env = {}) => loadConfig({ file: DEMO, settings, env });

function problems(settings: string[], env = {}): readonly string[] {
  try {
    demo(settings, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  test('of the demo is valid', () => {
    expect(demo().kms.backend).toBe('embedded');
  });

  test('prefers flags, then environment, then file, then defaults', () => {
    const env = { KRP_GRPC__LISTEN: '127.0.0.1:2', KRP_PROBE__LISTEN: '127.0.0.1:3' };
    const config = demo(['grpc.listen=127.0.0.1:1'], env);
    expect(config.grpc.listen).toBe('127.0.0.1:1');
    expect(config.probe.listen).toBe('127.0.0.1:3');
    expect(config.kms_json.listen).toBe('127.0.0.1:50080');
    expect(config.audit.durability).toBe('fsync');
  });

  test.each(['issuer', '__proto__'])('takes no claim %s for an attribute', (claim) => {
    const jwt = { issuer: 'i', audience: ['a'], jwks_file: '/x', claims: ['tenant', claim] };
    expect(problems([`identity.jwt=${JSON.stringify(jwt)}`])).toEqual([
      expect.stringMatching(/identity\.jwt\.claims\.1.*cannot be an attribute/),
    ]);
  });

  test('uses SPIFFE’s own variable for TLS that has no other source', () => {
    const env = { SPIFFE_ENDPOINT_SOCKET: 'unix:///run/spire/agent.sock' };
    const socket = (settings: string[]) => demo(settings, env).grpc.tls?.spiffe_socket;
    expect(socket(['grpc.tls.client_certificates=required'])).toBe(env.SPIFFE_ENDPOINT_SOCKET);
    expect(socket(['grpc.tls.spiffe_socket=unix:/other'])).toBe('unix:/other');
    const files = ['cert_file', 'key_file', 'client_ca_file'].map((name) => `grpc.tls.${name}=/x`);
    expect(socket(files)).toBeUndefined();
    expect(socket([])).toBeUndefined();
  });

  test('reads numbers and booleans from text, but keeps text that looks like a number', () => {
    const { keys } = demo(['keys.own_account=111122223333', 'keys.ttl_ms=5', 'keys.tags=false']);
    expect(keys).toMatchObject({ own_account: '111122223333', ttl_ms: 5, tags: false });
  });

  test('refuses one access key twice', () => {
    const key = { id: 'AKID', secret_file: '/x' };
    const [problem] = problems([`kms_json.access_keys=${JSON.stringify([key, key])}`]);
    expect(problem).toBe('kms_json.access_keys: one id is there twice');
  });

  test('reports every problem at once, by the path that is wrong', () => {
    const found = problems(['grpc.lissten=x', 'kms.backend=gcp', 'keys.ttl_ms=61000'], {
      KRP_NOBODY: '1',
    });
    expect(found).toHaveLength(4);
    expect(found).toContain('grpc.lissten: there is no such setting; did you mean grpc.listen?');
    expect(found).toContain('nobody, which KRP_NOBODY sets: there is no such setting');
    expect(found.join('\n')).toMatch(/kms\.backend: .*aws/);
    expect(found.join('\n')).toMatch(/keys\.ttl_ms: .*60000/);
  });

  test('refuses two listeners at one address, unless the port is 0', () => {
    const twice = ['probe.listen=127.0.0.1:50051', 'kms_json.listen=127.0.0.1:0'];
    expect(problems([...twice, 'grpc.listeners=[{"listen":"unix:/run/a"}]'])).toEqual([
      'probe.listen: grpc.listen is at 127.0.0.1:50051 too',
    ]);
    expect(problems(['grpc.listeners=[{"listen":"unix:/a"},{"listen":"unix:/a"}]'])).toEqual([
      'grpc.listeners.1.listen: grpc.listeners.0.listen is at unix:/a too',
    ]);
  });

  test.each([
    ['kms_json.listen=127.0.0.1:80', 'http://127.0.0.1', 'kms_json.listen'],
    ['kms_json.listen=0.0.0.0:4599', 'http://localhost:4599', 'kms_json.listen'],
    ['kms_json.listen=[::]:4599', 'http://[::1]:4599', 'kms_json.listen'],
    ['kms_json.listen=localhost:4599', 'http://127.0.0.1:4599', 'kms_json.listen'],
    ['kms_json.listen=kms.internal:443', 'https://kms.internal', 'kms_json.listen'],
    [
      'grpc.listeners=[{"listen":"127.0.0.1:4599"}]',
      'http://127.0.0.1:4599',
      'grpc.listeners.0.listen',
    ],
  ])('refuses to forward to itself: %s, %s', (listen, endpoint, name) => {
    const settings = [listen, 'kms.backend=aws', `kms.aws.endpoint=${endpoint}`];
    expect(problems(settings)).toEqual([`kms.aws.endpoint: is ${name}, the proxy itself`]);
  });

  test.each([
    ['kms.backend=aws', 'kms.aws.endpoint=http://127.0.0.2:50080'],
    ['kms.backend=aws', 'kms.aws.endpoint=https://kms.internal:50080'],
    ['kms.backend=aws', 'kms.aws.endpoint=http://127.0.0.1:50081'],
    ['kms.backend=aws', 'kms.aws.endpoint=http://127.0.0.1:1', 'kms.aws.allow_embedded=true'],
    ['kms.backend=embedded', 'kms.aws.endpoint=http://127.0.0.1:50080'],
  ])('forwards elsewhere: %s, %s', (...settings) => {
    expect(problems(settings)).toEqual([]);
  });

  test.each([
    ['http://kms.internal', 'must be https:// (http:// only on loopback)'],
    ['https://kms.internal/path', 'must be scheme, host and port alone'],
    ['https://user@kms.internal', 'must be scheme, host and port alone'],
    ['https://:password@kms.internal', 'must be scheme, host and port alone'],
    ['https://kms.internal/?a=b', 'must be scheme, host and port alone'],
    ['https://kms.internal/#a', 'must be scheme, host and port alone'],
  ])('knows what a KMS endpoint must be without asking anybody: %s', (endpoint, problem) => {
    const aws = ['kms.backend=aws', `kms.aws.endpoint=${endpoint}`];
    expect(problems(aws)).toEqual([`kms.aws.endpoint: ${problem}`]);
  });

  test.each([['kms.aws.endpoint=https://kms.internal'], []])(
    'lets no embedded keys pass to another host: %s',
    (...endpoint) => {
      const aws = ['kms.backend=aws', 'kms.aws.allow_embedded=true', ...endpoint];
      expect(problems(aws)).toEqual(['kms.aws.allow_embedded: needs a loopback kms.aws.endpoint']);
    },
  );

  test('serves an embedded KMS on loopback alone', () => {
    const why = 'must be on loopback, because nobody else may reach an embedded KMS';
    const open = ['grpc.listen=0.0.0.0:1', 'kms_json.listen=10.0.0.1:2', 'probe.listen=0.0.0.0:3'];
    expect(problems([...open, 'grpc.listeners=[{"listen":"[::]:4"}]'])).toEqual([
      `grpc.listen: ${why}`,
      `grpc.listeners.0.listen: ${why}`,
      `kms_json.listen: ${why}`,
    ]);
    expect(problems([...open, 'kms.backend=aws'])).toEqual([]);
  });

  test('names a wrong variable, and the likely setting if a _ is missing', () => {
    const env = {
      KRP_GRPC_LISTEN: '127.0.0.1:1',
      KRP_GRPC__TLS_CERT_FILE: 'x',
      KRP_AUDIT__DURABILITY: 'fast',
      KRP_SERVICE_HOST: '10.0.0.1', // of a Kubernetes Service called krp
    };
    expect(problems([], env)).toEqual([
      'grpc.tls_cert_file, which KRP_GRPC__TLS_CERT_FILE sets: there is no such setting; did you mean grpc.tls.cert_file?',
      expect.stringMatching(/^audit\.durability, which KRP_AUDIT__DURABILITY sets: .*fsync/),
      'grpc_listen, which KRP_GRPC_LISTEN sets: there is no such setting; did you mean grpc.listen?',
      'service_host, which KRP_SERVICE_HOST sets: there is no such setting',
    ]);
  });

  test('reports a file that is missing or not YAML in one sentence', () => {
    const problem = (file: string) => {
      try {
        return loadConfig({ file, settings: [], env: {} });
      } catch (error) {
        return (error as Error).message.split('\n').slice(1);
      }
    };
    expect(problem('none.yaml')).toEqual(['  none.yaml cannot be read: there is no such file']);
    expect(problem('README.md')).toEqual([
      expect.stringMatching(/README.md cannot be read as YAML: .*[^:]$/),
    ]);
  });

  test('says what a port and a URL must be', () => {
    expect(problems(['grpc.listen=127.0.0.1:65536', 'kms.aws.endpoint=127.0.0.1:4599'])).toEqual([
      'grpc.listen: must have a port of 65535 at most',
      'kms.aws.endpoint: must be a URL, such as http://127.0.0.1:4599',
    ]);
    expect(demo(['grpc.listen=127.0.0.1:65535']).grpc.listen).toBe('127.0.0.1:65535');
  });

  test('does not take a name that begins like a loopback address for loopback', () => {
    const jwt = { issuer: 'i', audience: ['a'], jwks_url: 'http://localhost:1@example.org/keys' };
    const settings = ['admin.listen=127.example:80', `identity.jwt=${JSON.stringify(jwt)}`];
    expect(problems(settings)).toEqual([
      expect.stringContaining('admin.listen: must be on loopback'),
      'identity.jwt.jwks_url: must have no user name and no password',
      'identity.jwt.jwks_url: must be https, or http on loopback',
    ]);
  });

  test.each([
    ['audit.checkpoint.post.url=https://user:secret@example.org/', 'no password'],
    ['audit.decision_log.url=https://user:secret@example.org/', 'no password'],
    ['audit.decision_log.url=https://secret@example.org/', 'no user name'],
    ['audit.decision_log.url=https://example.org/?token=secret', 'no query'],
    ['audit.decision_log.url=ftp://example.org/', 'must be an http or https URL'],
    ['policy.source=https://user:secret@:99999/', 'must be a URL that can be read'],
  ])('refuses a URL that could not be asked, without showing it: %s', (setting, problem) => {
    const found = problems([setting]);
    expect(found).toEqual([expect.stringContaining(problem)]);
    expect(found.join()).not.toContain('secret');
  });

  test('refuses tags, which YAML does not know, without showing what follows them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    const file = join(folder, 'tags.yaml');
    writeFileSync(file, 'audit: { file: !ENV secret.jsonl }\n');
    expect(() => loadConfig({ file, settings: [], env: {} })).toThrow(
      `${file} cannot be read as YAML: Unresolved tag: !ENV at line 1, column 16`,
    );
  });

  test('refuses a policy.signing.keyid that is not among its keys', () => {
    const signing = { keyid: 'b', keys: { a: { algorithm: 'RS256', key_file: '/x' } } };
    expect(problems([`policy.signing=${JSON.stringify(signing)}`])).toEqual([
      'policy.signing.keyid: must be one of the ids in policy.signing.keys',
    ]);
  });

  test('refuses a certificate for a bundle service without its key', () => {
    expect(problems([SERVICE, 'policy.service.cert_file=cert.pem'])).toEqual([
      'policy.service: cert_file and key_file belong together: set both or neither',
    ]);
  });

  test('knows every algorithm that a bundle may be signed with', () => {
    for (const algorithm of SIGNING_ALGORITHMS) {
      const keys = { a: { algorithm, key_file: '/x' } };
      for (const signing of [{ keys }, { keys, keyid: 'a' }]) {
        expect(problems([`policy.signing=${JSON.stringify(signing)}`]), algorithm).toEqual([]);
      }
    }
  });

  test.each([
    ['identity.mtls.trust_domains=[Example.org]', 'must be a SPIFFE trust domain'],
    ['identity.mtls.trust_domains=[example.org/billing]', 'must be a SPIFFE trust domain'],
    ['audit.origin=two words', 'must have neither blanks nor +'],
    ['audit.origin=a+b', 'must have neither blanks nor +'],
    ['kms_json.access_keys=[{"id":"-AKID","secret_file":"/x"}]', 'must have 3 to 128 letters'],
    ['kms_json.access_keys=[{"id":"AKID/","secret_file":"/x"}]', 'must have 3 to 128 letters'],
    ['grpc.listen=http://127.0.0.1:1', 'must be host:port'],
    ['grpc.listen=127.0.0.1:1/', 'must be host:port'],
    ['probe.listen=two words:1', 'must be host:port'],
    ['audit.decision_log.url=xhttps://example.org', 'must be an http or https URL'],
    ['keys.own_account=1111222233334', 'must be an account id of 12 digits'],
    ['kms.embedded.account=1111222233334', 'must be twelve digits'],
    ['kms.embedded.region=us-east-1a', 'must be a Region'],
    ['kms.embedded.region=1us-east-1', 'must be a Region'],
    ['=127.0.0.1:1', 'must be path=value'],
    ['grpc.listen', 'must be path=value'],
  ])('reads a setting as a whole: %s', (setting, problem) => {
    expect(problems([setting])).toContainEqual(expect.stringContaining(problem));
  });

  test('limits the path of a socket in bytes', () => {
    const socket = (bytes: number) => `grpc.listen=unix:/run/é${'x'.repeat(bytes - 7)}`;
    expect(problems([socket(108)])).toEqual([
      'grpc.listen: must have a socket path of 107 bytes at most',
    ]);
    expect(problems([socket(107)])).toEqual([]);
  });

  test.each([
    'audit.checkpoint.every_ms',
    'audit.commit_timeout_ms',
    'grpc.connections.handshake_timeout_ms',
    'grpc.connections.keepalive_timeout_ms',
    'grpc.connections.preface_timeout_ms',
    'policy.timeout_ms',
  ])('refuses a time in which nothing can be done: %s=0', (setting) => {
    expect(problems([`${setting}=0`])).toEqual([expect.stringMatching(`^${setting}: .*>=1$`)]);
  });

  test.each([
    ['identity.jwt.refresh_ms=2592000000', /refresh_ms: must be 2147483647 at most, 24 days/],
    ['grpc.connections.max_age_ms=9999999999', /max_age_ms: must be 2147483647 at most/],
    ['policy.service.polling.max_delay_seconds=9999999', /max_delay_seconds: .*86400/],
    ['identity.jwt.refresh_ms=0', /refresh_ms: .*1000/],
    ['grpc.connections.keepalive_ms=0', /keepalive_ms: .*1000/],
    ['audit.rotate.max_age_ms=0', /max_age_ms: .*60000/],
    ['audit.rotate.max_bytes=536870913', /max_bytes: .*536870912/],
  ])('refuses a time at which a timer would fire at once: %s', (setting, problem) => {
    const jwt = ['identity.jwt.issuer=i', 'identity.jwt.audience=[a]', 'identity.jwt.jwks_file=f'];
    expect(problems([SERVICE, ...jwt, setting])).toEqual([expect.stringMatching(problem)]);
  });

  test.each([
    ['audit-000000001000.jsonl', 'audit.jsonl'],
    ['audit-000000001000', 'audit'],
    ['audit.jsonl.1', 'audit.jsonl'],
    ['audit.jsonl-20261128', 'audit.jsonl'],
    ['audit-20261128.jsonl', 'audit.jsonl'],
  ])('refuses an audit.file named like a segment of another log: %s', (name, live) => {
    expect(problems([`audit.file=audit/${name}`])).toEqual([
      `audit.file: must not be named as a closed or moved segment of ${live} is`,
    ]);
  });

  test.each(['pod-0', 'krp.0', 'audit-7.jsonl', 'proxy-10.0.0.7.jsonl'])(
    'accepts an audit.file that only ends in a number: %s',
    (name) => {
      expect(demo([`audit.file=audit/${name}`]).audit.file).toBe(`audit/${name}`);
    },
  );

  test('can keep segments, and serve a stale bundle, for a year', () => {
    const year = 365 * 24 * 60 * 60 * 1000;
    const times = [SERVICE, `audit.rotate.keep_ms=${year}`, `policy.max_staleness_ms=${year}`];
    expect(demo(times).audit.rotate.keep_ms).toBe(year);
  });

  test('refuses two signers of checkpoints', () => {
    const both = ['audit.checkpoint.kms_key_id=alias/a', 'audit.checkpoint.signing_key_file=k'];
    expect(problems(both)).toEqual([
      'audit.checkpoint: set signing_key_file or kms_key_id, not both',
    ]);
  });

  test('accepts several trust domains only if each CA’s domain is known', () => {
    const tls = (...names: string[]) => names.map((name) => `grpc.tls.${name}=/x`);
    const two = 'identity.mtls.trust_domains=[a.example, b.example]';
    const files = tls('cert_file', 'key_file');
    expect(problems([...files, ...tls('client_ca_file'), two])).toEqual([
      'identity.mtls.trust_domains: one file of CAs vouches for one trust domain; bundles of several come from grpc.tls.spiffe_socket',
    ]);
    expect(problems([...files, ...tls('spiffe_socket')])).toEqual([
      'identity.mtls.trust_domains: must name those whose CAs come from grpc.tls.spiffe_socket',
    ]);
    expect(problems([...files, ...tls('client_ca_file', 'spiffe_socket'), two])[0]).toBe(
      'grpc.tls.client_ca_file: the CAs come from spiffe_socket: remove one of the two',
    );
    for (const from of [[...files, ...tls('spiffe_socket')], tls('spiffe_socket')]) {
      expect(demo([...from, two]).identity.mtls.trust_domains).toHaveLength(2);
    }
  });

  test('says what must be set when nothing is', () => {
    expect(() => loadConfig({ file: undefined, settings: [], env: {} })).toThrow(
      /kms: must be set[\s\S]*policy: must be set[\s\S]*audit: must be set/,
    );
  });

  test('names a file that is missing or not YAML', () => {
    const broken = join(mkdtempSync(join(tmpdir(), 'config-')), 'broken.yaml');
    writeFileSync(broken, 'a: [');
    for (const file of [broken, `${broken}.missing`]) {
      expect(() => loadConfig({ file, settings: [], env: {} })).toThrow(file);
    }
  });
});
