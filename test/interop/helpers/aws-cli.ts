import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { TOOLS_PATH } from './tools.ts';

interface CliOptions {
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
}

/** `aws kms …` at an endpoint, whether it succeeds or not. */
export function awsKms({ endpoint, env }: CliOptions, ...args: readonly string[]) {
  const all = ['--endpoint-url', endpoint, '--region', 'us-east-1', 'kms', ...args];
  const { status, stdout, stderr } = spawnSync('aws', all, {
    encoding: 'utf8',
    env: { ...process.env, PATH: TOOLS_PATH, AWS_PAGER: '', ...env },
  });
  return { status, stderr, json: stdout === '' ? {} : JSON.parse(stdout) };
}
