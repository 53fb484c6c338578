import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
} from 'yaml';
import { usageFailure } from '../failure.ts';
import { Base64Problem, decodeBase64 } from './base64.ts';
import {
  isList,
  isMap as isValueMap,
  pythonFloat,
  pythonText,
  pythonType,
  type Value,
  type ValueMap,
} from './value.ts';

/** Text that is not YAML, or not YAML that can name a request's members. */
export class YamlProblem extends Error {
  override readonly name = 'YamlProblem';
}

/** Parses YAML 1.2, with `!!binary`, into ordered maps. @throws YamlProblem, CliFailure for a context’s key */
export function parseYaml(text: string): Value {
  const document = parseDocument(text, {
    customTags: ['binary', 'timestamp'],
    intAsBigInt: true,
    merge: true,
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw new YamlProblem(problem.message);
  return toValue(document.contents, '');

  /** The library ends the last line of a block even where the text ends before the line does. */
  function asWritten({ type, value, range }: Scalar): unknown {
    const isCutOff = !text.endsWith('\n') && range?.[1] === text.length;
    if (!isCutOff || !type?.startsWith('BLOCK_') || typeof value !== 'string') return value;
    return value.replace(/\n$/, '');
  }

  /** The path is that of the member, such as `SourceEncryptionContext`. */
  function toValue(node: unknown, path: string): Value {
    if (isAlias(node)) return toValue(outside(node, node.resolve(document)), path);
    if (isSeq(node)) return node.items.map((item, at) => toValue(item, `${path}[${at}]`));
    if (isMap(node)) {
      const [merges, own] = [
        node.items.filter(isMerge),
        node.items.filter((pair) => !isMerge(pair)),
      ];
      if (merges.length > 1) throw new YamlProblem('a map has two <<');
      return new Map([
        ...merges.flatMap(({ value }) => mergedMembers(toValue(value, path))),
        ...own.map(({ key, value }) => {
          const name = keyText(toValue(key, path), path);
          return [name, toValue(value, path === '' ? name : `${path}.${name}`)] as const;
        }),
      ]);
    }
    if (!isScalar(node)) return null;
    if (node.value instanceof Uint8Array) return binary(node.source ?? '');
    return scalarValue(asWritten(node), node.source);
  }
}

/** The YAML library's decoder accepts anything; Python's does not. */
function binary(source: string): Uint8Array {
  try {
    return decodeBase64(source);
  } catch (thrown) {
    throw thrown instanceof Base64Problem ? new YamlProblem(thrown.message) : thrown;
  }
}

/** Refuses an alias of nothing, and what contains itself, which would never end. */
function outside(alias: Alias, node: Node | undefined): Node {
  if (node === undefined) throw new YamlProblem(`nothing is called ${alias.source}`);
  const [at = 0] = alias.range ?? [];
  const [start = 0, , end = 0] = node.range ?? [];
  if (start <= at && at < end) throw new YamlProblem('a value contains itself');
  return node;
}

/** `<<: *name`, which the library does not resolve in a tree. */
function isMerge({ key }: Pair): boolean {
  return isScalar(key) && typeof key.value === 'symbol';
}

/** Of several maps the first has the last word; the members beside `<<` have it over all. */
function mergedMembers(merged: Value): readonly (readonly [string, Value])[] {
  const maps = isList(merged) ? merged.toReversed() : [merged];
  return maps.flatMap((map) => [...mapOnly(map)]);
}

function mapOnly(value: Value): ValueMap {
  if (isValueMap(value)) return value;
  throw new YamlProblem('what << names is not a map');
}

function keyText(key: Value, path: string): string {
  if (typeof key === 'string') return key;
  if (!path.endsWith('EncryptionContext')) throw new YamlProblem('a key is not text');
  const told = pythonText(key);
  throw usageFailure(
    `Parameter validation failed:\nInvalid type for parameter ${path} (key: ${told}), value: ${told}, ` +
      `type: ${pythonType(key)}, valid types: <class 'str'>`,
  );
}

function scalarValue(value: unknown, source: string | undefined): Value {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return { number: 'int', text: String(value) };
  if (typeof value === 'number') return { number: 'float', text: pythonFloat(value) };
  if (value instanceof Date) return { foreign: 'datetime.date', text: source ?? '' };
  return null;
}
