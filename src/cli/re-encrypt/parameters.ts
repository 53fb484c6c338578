import type { ParsedValue } from './arguments/known-arguments.ts';
import { MEMBER_OPTIONS } from './arguments/option-table.ts';
import { otherFailure, parameterFailure, usageFailure } from './failure.ts';
import { Base64Problem, decodeBase64 } from './values/base64.ts';
import type { Environment } from './values/file-value.ts';
import { JsonProblem, parseJson } from './values/json-text.ts';
import { REQUEST_SHAPE } from './values/shape.ts';
import { fromFile, unpackOption } from './values/unpack.ts';
import { isMap, pythonType, type Value, type ValueMap } from './values/value.ts';

export type BinaryFormat = 'base64' | 'raw-in-base64-out';

interface ParameterSources {
  readonly options: ReadonlyMap<string, ParsedValue>;
  readonly env: Environment;
  /** Everything on standard input; called only if the command line says `--ciphertext-blob -`. */
  readStdin(): Promise<Uint8Array>;
}

/**
 * The members of the request in the order in which they are sent: those of the command line first,
 * then what an input file adds to them. @throws CliFailure
 */
export async function collectParameters(sources: ParameterSources): Promise<ValueMap> {
  const parameters = new Map<string, Value>();
  for (const { flag, key, member, arity } of MEMBER_OPTIONS) {
    const written = sources.options.get(key);
    if (written === undefined || parameters.has(member)) continue;
    const value =
      arity === 'none' ? written === true : await memberValue(sources, { flag, member, written });
    parameters.set(member, value);
  }
  for (const [name, value] of await inputFile(sources)) {
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}

interface WrittenMember {
  readonly flag: string;
  readonly member: string;
  readonly written: ParsedValue;
}

async function memberValue(sources: ParameterSources, { flag, member, written }: WrittenMember) {
  if (member === 'CiphertextBlob' && written === '-') return await sources.readStdin();
  const type = REQUEST_SHAPE.find(({ name }) => name === member)?.type ?? 'string';
  if (type === 'boolean' || typeof written === 'boolean') return Boolean(written);
  return unpackOption({ option: flag, type, written, env: sources.env });
}

async function inputFile({ options, env }: ParameterSources): Promise<ValueMap> {
  const json = options.get('cliInputJson');
  const yaml = options.get('cliInputYaml');
  const fromJson = typeof json === 'string' ? contents('--cli-input-json', json, env) : undefined;
  const fromYaml = typeof yaml === 'string' ? contents('--cli-input-yaml', yaml, env) : undefined;
  if (fromJson !== undefined && fromYaml !== undefined) {
    throw usageFailure('Only one --cli-input- parameter may be specified.');
  }
  if (fromJson !== undefined) return asMap('--cli-input-json', jsonInput(fromJson));
  if (fromYaml !== undefined) return asMap('--cli-input-yaml', await yamlInput(fromYaml));
  return new Map();
}

function contents(option: string, value: string, env: Environment): string | Uint8Array {
  return fromFile(option, value, env) ?? value;
}

function jsonInput(text: string | Uint8Array): Value {
  try {
    return parseJson(typeof text === 'string' ? text : decodeUtf8(text));
  } catch (thrown) {
    if (!(thrown instanceof JsonProblem || thrown instanceof TypeError)) throw thrown;
    throw parameterFailure('cli-input-json', 'Invalid JSON received.');
  }
}

async function yamlInput(text: string | Uint8Array): Promise<Value> {
  const { parseYaml, YamlProblem } = await import('./values/yaml-text.ts');
  try {
    return parseYaml(typeof text === 'string' ? text : decodeUtf8(text));
  } catch (thrown) {
    if (!(thrown instanceof YamlProblem || thrown instanceof TypeError)) throw thrown;
    throw parameterFailure('cli-input-yaml', 'Invalid YAML received.');
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

function asMap(option: string, value: Value): ValueMap {
  if (isMap(value)) return value;
  throw parameterFailure(option, `Invalid type: expecting map, received ${pythonType(value)}`);
}

/** Text given for the blob is base64, unless the older format is asked for. @throws CliFailure */
export function decodeBlob(parameters: ValueMap, format: BinaryFormat): ValueMap {
  const blob = parameters.get('CiphertextBlob');
  if (typeof blob !== 'string') return parameters;
  const bytes = format === 'base64' ? base64Bytes(blob) : Buffer.from(blob, 'utf8');
  return new Map(
    [...parameters].map(([name, value]) => [name, name === 'CiphertextBlob' ? bytes : value]),
  );
}

function base64Bytes(text: string): Uint8Array {
  try {
    return decodeBase64(text);
  } catch (thrown) {
    if (thrown instanceof Base64Problem) throw otherFailure(thrown.message);
    throw thrown;
  }
}
