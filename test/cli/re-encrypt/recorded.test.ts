import { readFileSync } from 'node:fs';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { run } from '../../../src/cli/re-encrypt/run.ts';
import { startAwsEndpoint } from '../../helpers/aws-endpoint.ts';
import { runCommand } from '../../helpers/run-command.ts';

/** One command line and what version 2.36 of the AWS CLI made of it. */
interface Recorded {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | null>>;
  /** What the endpoint answers; `ok` if absent. */
  readonly answer?: string;
  readonly exit: number;
  /** `OK` stands for the JSON of the plain answer. */
  readonly stdout?: string;
  /** Body of the request; if absent, none was sent. */
  readonly body?: string;
  /** How many times it was sent, if more than once. */
  readonly requests?: number;
  /** Without the program's name, usage and empty lines. */
  readonly stderr?: string;
}

const FIXTURES = 'test/fixtures/aws-cli';
const RECORDED: readonly Recorded[] = readFileSync(`${FIXTURES}/recorded.jsonl`, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const PLAIN_ENV = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  HOME: '/nonexistent',
};

let endpoint: Awaited<ReturnType<typeof startAwsEndpoint>>;
let plainAnswer = '';
const folder = process.cwd();

beforeAll(async () => {
  // The SDK would find the tester's own credentials in the process.
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  }
  endpoint = await startAwsEndpoint();
  process.chdir(`${FIXTURES}/files`);
  const args = ['--ciphertext-blob', 'AQID', '--destination-key-id', 'x', '--endpoint-url'];
  plainAnswer = (await runCommand(run, [...args, endpoint.url], { env: PLAIN_ENV })).stdout;
});

afterAll(async () => {
  vi.unstubAllEnvs();
  process.chdir(folder);
  await endpoint.stop();
});

describe('re-encrypt does what the AWS CLI did', () => {
  test.each(RECORDED.map((recorded) => [title(recorded), recorded] as const))(
    '%s',
    async (_, recorded) => {
      const { args, answer = 'ok', env = {} } = recorded;
      const before = endpoint.requests.length;
      const ran = await runCommand(run, [...args, '--endpoint-url', `${endpoint.url}/${answer}`], {
        env: withoutNull({ ...PLAIN_ENV, ...env }),
      });
      const sent = endpoint.requests.slice(before).map(({ body }) => body);
      expect({
        exit: ran.exit,
        stdout: ran.stdout === plainAnswer ? 'OK' : ran.stdout,
        sent,
        stderr: sentences(ran.stderr),
      }).toEqual({
        exit: recorded.exit,
        stdout: recorded.stdout ?? '',
        sent: recorded.body === undefined ? [] : Array(recorded.requests ?? 1).fill(recorded.body),
        stderr: recorded.stderr ?? '',
      });
    },
  );
});

function title({ args, answer = '', env = {} }: Recorded): string {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return JSON.stringify([...settings, ...args, answer])
    .replaceAll('%', '%%')
    .slice(0, 200);
}

function withoutNull(env: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
}

function sentences(stderr: string): string {
  return stderr
    .replace(/usage: .*\nTo see help text, you can run:\n\n.* help\n/, '')
    .replaceAll(/\n\n+/g, '\n')
    .replace('kms-reencrypt-proxy: [ERROR]: ', '')
    .trim();
}
