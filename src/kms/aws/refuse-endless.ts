import type { Stats } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { unreadable } from '../../files/regular.ts';

type Env = Readonly<Record<string, string | undefined>>;

const NULL_DEVICE = '/dev/null';

/**
 * Refuses files that the SDK would read without end: it opens what the environment and the profiles name, whatever
 * that is, the token of a web identity even so that nothing else can happen meanwhile. A missing file is left to the
 * SDK, and `/dev/null` says that there is none. @throws Error naming the file, and the variable if it is from one
 */
export async function refuseEndless(env: Env = process.env): Promise<void> {
  const home = env['HOME'] || homedir();
  const at = (path: string) => (path.startsWith('~/') ? join(home, path.slice(2)) : path);
  const profiles = [
    { name: 'AWS_CONFIG_FILE', path: at(env['AWS_CONFIG_FILE'] || '~/.aws/config') },
    {
      name: 'AWS_SHARED_CREDENTIALS_FILE',
      path: at(env['AWS_SHARED_CREDENTIALS_FILE'] || '~/.aws/credentials'),
    },
  ];
  const tokens = ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'].map(
    (name) => ({ name, path: env[name] ?? '' }),
  );
  for (const { name, path } of [...profiles, ...tokens]) await refuse(path, `${name}: `);
  for (const { path } of profiles) {
    for (const named of await tokenFilesIn(path)) await refuse(named, `${path}: `);
  }
  await refuseIn(at('~/.aws/sso/cache'));
  await refuseIn(at(env['AWS_LOGIN_CACHE_DIRECTORY'] || '~/.aws/login/cache'));
}

async function refuse(path: string, where: string): Promise<void> {
  const found = await there(path);
  if (found === undefined || path === NULL_DEVICE) return;
  const fault = unreadable(path, found);
  if (fault !== '') throw new Error(`${where}${fault}`);
}

async function refuseIn(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) await refuse(join(folder, name), '');
}

async function tokenFilesIn(profiles: string): Promise<readonly string[]> {
  const text = await readFile(profiles, 'utf8').catch(() => '');
  return text
    .split('\n')
    .map(tokenFileIn)
    .filter((path) => path !== '');
}

/** As the SDK reads a line: what follows a blank and `#` or `;` is a comment. '' where none is named. */
function tokenFileIn(line: string): string {
  const [said = ''] = line.split(/(?:^|\s)[#;]/, 1);
  const equals = said.indexOf('=');
  return said.slice(0, equals).trim() === 'web_identity_token_file'
    ? said.slice(equals + 1).trim()
    : '';
}

/** Undefined where there is none, or nobody may look. */
function there(path: string): Promise<Stats | undefined> {
  return path === '' ? Promise.resolve(undefined) : stat(path).catch(() => undefined);
}
