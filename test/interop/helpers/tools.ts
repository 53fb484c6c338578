import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { describe } from 'vitest';

/** Where .ci/setup keeps what it installs; .ci/tools.sh says the same for shells. */
const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const tools = process.env['REENCRYPT_TOOLS'] ?? join(cache, 'kms-reencrypt-proxy', 'tools');

/** Those tools first, then what the machine has. */
export const TOOLS_PATH = [
  join(tools, 'python', 'bin'),
  join(tools, 'bin'),
  join(import.meta.dirname, '../../../node_modules/.bin'),
  process.env['PATH'] ?? '',
].join(delimiter);

/** Where a program is, or undefined. */
export function findTool(name: string): string | undefined {
  return TOOLS_PATH.split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/**
 * A suite that uses foreign tools. If one is missing, the suite is skipped by name on a laptop and
 * fails in CI, so that a missing install cannot pass for a green run.
 */
export function describeWith(names: readonly string[], title: string, body: () => void): void {
  const missing = names.filter((name) => findTool(name) === undefined);
  if (missing.length === 0) {
    describe(title, body);
    return;
  }
  const why = `needs ${missing.join(', ')}: run .ci/setup`;
  if (process.env['CI'] === 'true') throw new Error(`${title} ${why}`);
  describe.skip(`${title} (${why})`, body);
}

/** Runs a tool to its end and returns its output. @throws with stderr when it fails. */
export function runTool(name: string, args: readonly string[], options: RunOptions = {}): string {
  return execFileSync(name, args, {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    input: options.input ?? '',
    cwd: options.cwd,
    env: { ...process.env, PATH: TOOLS_PATH, ...options.env },
    timeout: options.timeoutMs ?? 120_000,
    maxBuffer: 64 * 1024 * 1024,
  });
}

interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}
