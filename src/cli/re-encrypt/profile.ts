import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { otherFailure } from './failure.ts';
import type { Environment } from './values/file-value.ts';
import { IniProblem, parseIni } from './values/ini.ts';

/** The settings of one profile, from `~/.aws/config` and `~/.aws/credentials`; empty if there is none. */
export type Profile = ReadonlyMap<string, string>;

/**
 * The profile named by `--profile`, or else AWS_PROFILE, or else AWS_DEFAULT_PROFILE, or else `default`.
 * @throws CliFailure if a file cannot be parsed, or one is named that neither of AWS's two files has
 */
export function readProfile(named: string | undefined, env: Environment): Profile {
  const name = named ?? env['AWS_PROFILE'] ?? env['AWS_DEFAULT_PROFILE'];
  const config = sections(env['AWS_CONFIG_FILE'] ?? '~/.aws/config', env);
  const credentials = sections(env['AWS_SHARED_CREDENTIALS_FILE'] ?? '~/.aws/credentials', env);
  const wanted = name ?? 'default';
  const plain = wanted === 'default' ? config.get('default') : undefined;
  const settings = plain ?? config.get(`profile ${wanted}`);
  const besides = credentials.get(wanted);
  // If a setting is in both files, as the region often is, the one in the credentials file counts.
  if (settings || besides || name === undefined) {
    return new Map([...(settings ?? []), ...(besides ?? [])]);
  }
  throw otherFailure(`The config profile (${name}) could not be found`);
}

function sections(path: string, env: Environment): ReadonlyMap<string, Profile> {
  const file = expandHome(path, env);
  try {
    const titled = [...parseIni(readOrEmpty(file))];
    return new Map(
      titled.map(([title, settings]) => [
        title.replace(/\s+/, ' ').replaceAll(/["']/g, ''),
        settings,
      ]),
    );
  } catch (thrown) {
    if (thrown instanceof IniProblem) throw otherFailure(`Unable to parse config file: ${file}`);
    throw thrown;
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function expandHome(path: string, env: Environment): string {
  return path.startsWith('~/') ? join(env['HOME'] ?? homedir(), path.slice(2)) : path;
}
