import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { preflight } from '../../src/app/preflight.ts';
import { loadConfig } from '../../src/config/load.ts';
import { configJsonSchema } from '../../src/config/show.ts';

const folder = mkdtempSync(join(tmpdir(), 'preflight-'));
const fileOf = (name: string, content: string, mode = 0o600) => {
  const file = join(folder, name);
  writeFileSync(file, content, { mode });
  return file;
};
const rubbish = fileOf('rubbish', 'rubbish\n');
const open = fileOf('open', 'secret\n', 0o644);
const privateKey = fileOf(
  'private.pem',
  String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
);
const edKey = fileOf(
  'ed.pem',
  String(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })),
);
const none = join(folder, 'none');
const under = join(rubbish, 'under');

/** A bundle service, which is not asked: proving a bundle takes most of a check's time. */
const AWAY = 'https://127.0.0.1:1/bundle.tar.gz';

function problemsOf(settings: readonly string[], env = {}) {
  const defaults = [`audit.file=${join(folder, 'audit.jsonl')}`, `policy.source=${AWAY}`];
  const all = [...defaults, ...settings];
  const config = loadConfig({ file: 'config/demo.yaml', settings: all, env: {} });
  return preflight(config, env);
}

const signed = (file: string) =>
  `policy.signing={"keys":{"ci":{"algorithm":"RS256","key_file":"${file}"}}}`;
const tls = (file: string, key = rubbish) =>
  `grpc.tls={"cert_file":"${file}","key_file":"${key}","client_certificates":"off"}`;
const mutual = (file: string) =>
  `grpc.tls={"cert_file":"${rubbish}","key_file":"${rubbish}","client_ca_file":"${file}"}`;
const service = (cert: string, key: string) =>
  `policy.service={"cert_file":"${cert}","key_file":"${key}"}`;
const jwt = (file: string) => `identity.jwt={"issuer":"i","audience":["a"],"jwks_file":"${file}"}`;
const post = (file: string) => `{"url":"http://127.0.0.1:1","token_file":"${file}"}`;
const accessKey = (file: string) => `kms_json.access_keys=[{"id":"AKID","secret_file":"${file}"}]`;
const log = join(folder, 'log');

const UNUSABLE = [
  ['policy.source', `policy.source=${none}`],
  ['policy.source', `policy.source=${rubbish}`],
  ['policy.candidate', `policy.candidate=${rubbish}`],
  ['policy.signing.keys.ci.key_file', signed(none)],
  ['policy.signing.keys.ci.key_file', signed(rubbish)],
  ['policy.signing.keys.ci.key_file', signed(privateKey)],
  ['policy.signing.keys.ci.key_file', signed(edKey)],
  ['policy.service.ca_file', `policy.service.ca_file=${none}`],
  ['policy.service.cert_file', service(none, rubbish)],
  ['policy.service.key_file', service(rubbish, none)],
  ['policy.service.bearer_token_file', `policy.service.bearer_token_file=${none}`],
  ['policy.service.persist', `policy.service.persist=${under}`],
  ['policy.capture_file', `policy.capture_file=${open}`],
  ['policy.capture_file', `policy.capture_file=${join(none, 'capture')}`],
  ['audit.file', `audit.file=${under}`],
  ['audit.file', `audit.file=${folder}`],
  ['audit.checkpoint.signing_key_file', `audit.checkpoint.signing_key_file=${none}`],
  ['audit.checkpoint.signing_key_file', `audit.checkpoint.signing_key_file=${rubbish}`],
  ['audit.hmac_key_file', `audit.hmac_key_file=${rubbish}`],
  ['audit.checkpoint.post.token_file', `audit.checkpoint.post=${post(none)}`],
  ['audit.decision_log.token_file', `audit.decision_log=${post(none)}`],
  ['grpc.tls.cert_file', tls(none)],
  ['grpc.tls.key_file', tls(rubbish, none)],
  ['grpc.tls.client_ca_file', mutual(none)],
  ['grpc.tls', tls(rubbish)],
  ['identity.jwt.jwks_file', jwt(none)],
  ['kms_json.access_keys.0.secret_file', accessKey(none)],
  ['kms_json.access_keys.0.secret_file', accessKey(open)],
  ['kms.embedded.seed', `kms.embedded.seed=${none}`],
  ['kms.embedded.state_file', `kms.embedded.state_file=${rubbish}`],
] as const;

describe('before a start', () => {
  test.each(UNUSABLE)('%s is reported by name for %s', async (setting, written) => {
    expect(await problemsOf([written])).toEqual([
      expect.stringMatching(`^${setting.replaceAll('.', '\\.')}(:| is )`),
    ]);
  });

  test('every setting that names a file has a case here', () => {
    const cases = UNUSABLE.map(([setting]) => setting.replace(/\.(ci|0)\./, '.*.'));
    expect(fileSettings(configJsonSchema()).filter((at) => !cases.includes(at))).toEqual([]);
  });

  test('no FIFO is waited for, whichever setting names it', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', ['-m', '600', fifo]);
    const settings = [
      signed(fifo),
      tls(fifo),
      jwt(fifo),
      accessKey(fifo),
      `audit.decision_log=${post(fifo)}`,
      `policy.service.ca_file=${fifo}`,
      `policy.service.bearer_token_file=${fifo}`,
    ];
    const found = await problemsOf(settings);
    expect(found).toHaveLength(settings.length);
    for (const sentence of found) expect(sentence).toContain(`${fifo} is not a regular file`);
  });

  test('all that is missing is reported at once', async () => {
    const settings = [`policy.source=${none}`, signed(rubbish), tls(none), jwt(none)];
    expect(await problemsOf(settings)).toHaveLength(4);
  });

  test.each([
    ['', 'kms.aws.region: set it, or AWS_REGION'],
    ['eu-west-1', undefined],
  ])('only a missing Region is reported: AWS_REGION=%j', async (region, sentence) => {
    for (const name of ['AWS_PROFILE', 'AWS_DEFAULT_REGION']) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_REGION', region);
    vi.stubEnv('AWS_CONFIG_FILE', none);
    const found = await problemsOf(['kms.backend=aws']).finally(() => vi.unstubAllEnvs());
    expect(found).toEqual(sentence === undefined ? [] : [sentence]);
  });

  test('an embedded KMS is refused if a start would refuse it', async () => {
    const [sentence] = await problemsOf([], { NODE_ENV: 'production' });
    expect(sentence).toContain('kms.embedded.in_production');
  });

  test('no service is asked, because it may be down', async () => {
    expect(await problemsOf([])).toEqual([]);
  });

  test('no log, lock, key or folder is created', async () => {
    mkdirSync(log);
    const written = [
      'policy.source=policies/bundle.tar.gz',
      `audit.file=${join(log, 'deep/audit.jsonl')}`,
      `policy.capture_file=${join(log, 'capture')}`,
      `kms.embedded.state_file=${join(log, 'state')}`,
    ];
    expect(await problemsOf(written)).toEqual([]);
    const kept = `policy.service.persist=${join(log, 'kept/bundle.tar.gz')}`;
    expect(await problemsOf([kept])).toEqual([]);
    expect(readdirSync(log)).toEqual([]);
  });
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

/** The paths of settings by their name, with * for any name and any item of a list. */
function fileSettings(
  { properties = {}, items, additionalProperties: any }: Schema,
  at: readonly string[] = [],
): string[] {
  const below = { ...properties, ...((items ?? typeof any === 'object') && { '*': items ?? any }) };
  const own = /_file$/.test(at.at(-1) ?? '') ? [at.join('.')] : [];
  const more = Object.entries(below).map(([name, schema]) =>
    fileSettings(schema as Schema, [...at, name]),
  );
  return [...own, ...more.flat()];
}
