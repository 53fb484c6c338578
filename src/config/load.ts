import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { isJsonObject, type JsonObject } from '../json/object.ts';
import { codeOf, messageOf } from '../thrown.ts';
import { parseYaml } from '../yaml.ts';
import { idleIn } from './idle.ts';
import { problemsOf, sentence } from './problems.ts';
import { type Config, configSchema } from './schema.ts';

interface ConfigSources {
  /** YAML file; none where undefined. */
  readonly file: string | undefined;
  /** `path=value`, from the command line. */
  readonly settings: readonly string[];
  /** `KRP_GRPC__LISTEN=…` stands for `grpc.listen`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The configuration cannot be used; `problems` are all of them, a sentence each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the configuration is not valid:\n${problems.map((p) => `  ${p}`).join('\n')}`);
    this.problems = problems;
  }
}

const ENV_PREFIX = 'KRP_';

/** Zod would generate and compile a parser for each object, to use it once: 5 to 7 % of the CPU of a start. */
const ONCE = { jitless: true };

interface Override {
  readonly path: readonly string[];
  readonly text: string;
  /** Of the variable that it is from. */
  readonly name?: string;
}

/** Flags > environment > file > defaults. @throws ConfigError with every problem at once. */
export function loadConfig({ file, settings, env }: ConfigSources): Config {
  const overrides = [...fromEnv(env), ...settings.map(fromSetting)];
  const written = file === undefined ? {} : readFile(file);
  const set = overrides.reduce((tree, { path, text }) => put(tree, path, scalar(text)), written);
  const tree = withWorkloadApi(set, env['SPIFFE_ENDPOINT_SOCKET']);
  const first = configSchema.safeParse(tree, ONCE);
  const read = first.success
    ? first
    : configSchema.safeParse(withTexts(tree, overrides, first.error), ONCE);
  const idle = idleIn(tree).map(({ at, what }) => ({ at: at.join('.'), what }));
  if (read.success && idle.length === 0) return read.data;
  const problems = [...(read.error?.issues.flatMap(problemsOf) ?? []), ...idle];
  throw new ConfigError(problems.map((problem) => sentence(problem, overrides)));
}

function readFile(file: string): JsonObject {
  const text = readText(file);
  try {
    const parsed: unknown = parseYaml(text) ?? {};
    if (isJsonObject(parsed)) return parsed;
    throw new Error('it is not a mapping');
  } catch (error) {
    throw new ConfigError([`${file} cannot be read as YAML: ${messageOf(error)}`]);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
    throw new ConfigError([`${file} cannot be read: ${why}`]);
  }
}

function fromEnv(env: ConfigSources['env']): Override[] {
  return Object.entries(env)
    .filter((entry): entry is [string, string] => entry[0].startsWith(ENV_PREFIX))
    .map(([name, text]) => ({
      path: name.slice(ENV_PREFIX.length).toLowerCase().split('__'),
      text,
      name,
    }));
}

function fromSetting(setting: string): Override {
  const equals = setting.indexOf('=');
  if (equals < 1) throw new ConfigError([`--set ${setting}: must be path=value`]);
  return { path: setting.slice(0, equals).split('.'), text: setting.slice(equals + 1) };
}

/** Where TLS is wanted and nothing says where its certificate comes from, SPIFFE's own variable does. */
function withWorkloadApi(tree: JsonObject, socket: string | undefined): JsonObject {
  const tls = isJsonObject(tree['grpc']) ? tree['grpc']['tls'] : undefined;
  if (!socket || !isJsonObject(tls)) return tree;
  if (tls['cert_file'] !== undefined || tls['spiffe_socket'] !== undefined) return tree;
  return put(tree, ['grpc', 'tls', 'spiffe_socket'], socket);
}

function scalar(text: string): unknown {
  try {
    return parseYaml(text);
  } catch {
    return text;
  }
}

/** A value that YAML reads as a number may be meant as text (an account id): the schema knows. */
function withTexts(
  tree: JsonObject,
  overrides: readonly Override[],
  error: z.ZodError,
): JsonObject {
  const expectsText = (path: readonly string[]) =>
    error.issues.some(
      (issue) =>
        issue.code === 'invalid_type' &&
        issue.expected === 'string' &&
        issue.path.join('.') === path.join('.'),
    );
  return overrides
    .filter(({ path }) => expectsText(path))
    .reduce((tree, { path, text }) => put(tree, path, text), tree);
}

function put(
  tree: JsonObject,
  [head = '', ...rest]: readonly string[],
  value: unknown,
): JsonObject {
  const below = Object.hasOwn(tree, head) ? tree[head] : undefined;
  return {
    ...tree,
    [head]: rest.length === 0 ? value : put(isJsonObject(below) ? below : {}, rest, value),
  };
}
