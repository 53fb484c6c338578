import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { otherFailure } from './failure.ts';
import type { Environment } from './values/file-value.ts';

/** The settings of one profile, from `~/.aws/config` and `~/.aws/credentials`; empty if there is none. */
export type Profile = ReadonlyMap<string, string>;

/**
 * The profile named by `--profile`, or else AWS_PROFILE, or else AWS_DEFAULT_PROFILE, or else `default`.
 * @throws CliFailure if one is named that neither of AWS's two files has
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

function sections(path: string, env: Environment): ReadonlyMap<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  for (const line of readLines(expandHome(path, env))) {
    const [, title] = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line) ?? [];
    if (title !== undefined) {
      const name = title.replace(/\s+/, ' ').replaceAll(/["']/g, '');
      section = found.get(name) ?? new Map();
      found.set(name, section);
      continue;
    }
    const [, key, value] = /^([^\s#;=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) section?.set(key, value);
  }
  return found;
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/);
  } catch {
    return [];
  }
}

function expandHome(path: string, env: Environment): string {
  return path.startsWith('~/') ? join(env['HOME'] ?? homedir(), path.slice(2)) : path;
}
