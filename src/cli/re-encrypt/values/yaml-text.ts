import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { Base64Problem, decodeBase64 } from './base64.ts';
import { pythonFloat, type Value } from './value.ts';

/** Text that is not YAML, or not YAML that can name a request's members. */
export class YamlProblem extends Error {
  override readonly name = 'YamlProblem';
}

/** Parses YAML 1.2, with `!!binary`, into ordered maps. @throws YamlProblem */
export function parseYaml(text: string): Value {
  const document = parseDocument(text, {
    customTags: ['binary', 'timestamp'],
    intAsBigInt: true,
    merge: true,
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw new YamlProblem(problem.message);
  return toValue(document.contents);

  function toValue(node: unknown): Value {
    if (isAlias(node)) return toValue(node.resolve(document));
    if (isSeq(node)) return node.items.map(toValue);
    if (isMap(node)) {
      return new Map(node.items.map(({ key, value }) => [keyText(toValue(key)), toValue(value)]));
    }
    if (!isScalar(node)) return null;
    if (node.value instanceof Uint8Array) return binary(node.source ?? '');
    return scalarValue(node.value, node.source);
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

function keyText(key: Value): string {
  if (typeof key === 'string') return key;
  throw new YamlProblem('a key is not text');
}

function scalarValue(value: unknown, source: string | undefined): Value {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return { number: 'int', text: String(value) };
  if (typeof value === 'number') return { number: 'float', text: pythonFloat(value) };
  if (value instanceof Date) return { foreign: 'datetime.date', text: source ?? '' };
  return null;
}
