import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../../../src/cli/re-encrypt/run.ts';
import { startAwsEndpoint } from '../../helpers/aws-endpoint.ts';
import { createAuthority } from '../../helpers/certificates.ts';
import { runCommand } from '../../helpers/run-command.ts';

let endpoint: Awaited<ReturnType<typeof startAwsEndpoint>>;
let folder: string;

beforeAll(async () => {
  endpoint = await startAwsEndpoint();
});
afterAll(() => endpoint.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'));
});

function call(args: readonly string[], { answer = 'ok', env = {} } = {}) {
  const blob = ['--ciphertext-blob', 'AQID', '--destination-key-id', 'x'];
  const target = ['--endpoint-url', `${endpoint.url}/${answer}`];
  return runCommand(run, [...blob, ...target, ...args], { env });
}

describe('--output-file', () => {
  const UNSIGNED = ['--region', 'us-east-1', '--no-sign-request', '--output', 'off'];
  const write = (file: string, answer?: string) =>
    call([...UNSIGNED, '--output-file', file], answer === undefined ? {} : { answer });

  test.each(['empty', 'notjson', 'nums_blob'])(
    'is left as it was when the answer has no ciphertext: %s',
    async (answer) => {
      const file = join(folder, 'kept');
      writeFileSync(file, 'old');
      const ran = await write(file, answer);
      expect(ran.exit).not.toBe(0);
      expect(readFileSync(file, 'utf8')).toBe('old');
      expect(readdirSync(folder)).toEqual(['kept']);
    },
  );

  test('through a link replaces its target, not the link', async () => {
    const [file, link] = [join(folder, 'file'), join(folder, 'link')];
    writeFileSync(file, 'old');
    symlinkSync('file', link);
    expect((await write(link)).exit).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file).toString('base64')).toBe('AQIDBA==');
  });

  test('that is a FIFO is written to, not replaced', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    expect((await write(fifo)).exit).toBe(0);
    expect(lstatSync(fifo).isFIFO()).toBe(true);
    expect(readFileSync(reader).toString('base64')).toBe('AQIDBA==');
    closeSync(reader);
  });

  test('that is a folder is refused before any request', async () => {
    const before = endpoint.requests.length;
    mkdirSync(join(folder, 'sub'));
    expect((await write(join(folder, 'sub'))).exit).toBe(252);
    expect(endpoint.requests).toHaveLength(before);
  });
});

describe('a profile', () => {
  const CREDENTIALS = `[default]
aws_access_key_id = DEFAULTKEY
aws_secret_access_key = secret
region = eu-west-1
[ops]
aws_access_key_id = OPSKEY
aws_secret_access_key = secret
`;
  const CONFIG = `[profile default]
output = text
[profile ops]
region = eu-west-3
[profile sso]
region = us-east-1
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = reader
`;
  /** The SDK reads the environment of the process itself. */
  function files() {
    const env = {
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
      AWS_EC2_METADATA_DISABLED: 'true',
      HOME: folder,
    };
    writeFileSync(env.AWS_CONFIG_FILE, CONFIG);
    writeFileSync(env.AWS_SHARED_CREDENTIALS_FILE, CREDENTIALS);
    for (const name of Object.keys(process.env)) {
      if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
    }
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    return env;
  }
  afterEach(() => vi.unstubAllEnvs());
  const signedBy = () =>
    /Credential=(\w+)\/\d+\/([\w-]+)\//.exec(endpoint.requests.at(-1)?.headers.authorization ?? '');

  test('named by AWS_DEFAULT_PROFILE gives credentials, not only settings', async () => {
    const ran = await call([], { env: { ...files(), AWS_DEFAULT_PROFILE: 'ops' } });
    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    expect(signedBy()?.slice(1)).toEqual(['OPSKEY', 'eu-west-3']);
  });

  test('combines the region beside its credentials with [profile default]', async () => {
    const ran = await call(['--profile', 'default'], { env: files() });
    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^AQIDBA==\t/);
    expect(signedBy()?.slice(1)).toEqual(['DEFAULTKEY', 'eu-west-1']);
  });

  test('whose SSO session has expired gets a hint to log in', async () => {
    const ran = await call(['--profile', 'sso'], { env: files() });
    expect(ran.exit).toBe(255);
    expect(ran.stderr).toContain('aws sso login');
  });
});

test('YAML that contains itself is refused in one sentence', async () => {
  const ran = await call(['--cli-input-yaml', 'SourceEncryptionContext: &c { <<: *c }']);
  expect(ran.exit).toBe(252);
  expect(ran.stderr).toMatch(/ParamValidation.*Invalid YAML received\.\n$/);
});

test('a timeout longer than a timer can run is still long', async () => {
  const warned: string[] = [];
  const listen = ({ name }: Error) => warned.push(name);
  process.on('warning', listen);
  const args = ['--region', 'us-east-1', '--no-sign-request', '--output', 'off'];
  const long = ['--cli-connect-timeout', '9999999', '--cli-read-timeout', '9999999'];
  expect(await call([...args, ...long])).toMatchObject({ exit: 0, stderr: '' });
  process.off('warning', listen);
  expect(warned, 'Node shortens such a timer, or fires it at once').toEqual([]);
});

describe('an https endpoint', () => {
  const authority = createAuthority();
  let asked = 0;
  const kms = createServer(authority.issue({ dns: ['localhost'] }), (_, response) => {
    asked += 1;
    response.end('{"CiphertextBlob":"AQ=="}');
  });
  beforeAll(() => once(kms.listen(0, '127.0.0.1'), 'listening'));
  afterAll(() => kms.close());
  const ask = (...args: readonly string[]) => {
    const { port } = kms.address() as AddressInfo;
    const url = ['--endpoint-url', `https://localhost:${port}`];
    return call(
      [...url, '--region', 'us-east-1', '--no-sign-request', '--output', 'off', ...args],
      {
        env: { AWS_MAX_ATTEMPTS: '1' },
      },
    );
  };

  test('is sent nothing unless its certificate is trusted', async () => {
    const { exit, stderr } = await ask();
    expect([exit, asked]).toEqual([255, 0]);
    expect(stderr).toMatch(/SSL validation failed for https:/);
  });

  test('is trusted by --ca-bundle, or whatever it is by --no-verify-ssl', async () => {
    const file = join(folder, 'ca.pem');
    writeFileSync(file, authority.cert);
    expect(await ask('--ca-bundle', file)).toMatchObject({ exit: 0, stderr: '' });
    expect(await ask('--no-verify-ssl')).toMatchObject({ exit: 0 });
    expect(asked).toBe(2);
  });
});
