import { otherFailure, parameterFailure } from '../failure.ts';
import { type Environment, FileProblem, readFileValue } from './file-value.ts';
import { JsonProblem, parseJson } from './json-text.ts';
import { parseShorthand, ShorthandProblem } from './shorthand.ts';
import { isList, isMap, pythonText, stripStart, type Value } from './value.ts';

interface OptionValue {
  /** With its dashes. */
  readonly option: string;
  readonly type: 'blob' | 'map' | 'string' | 'list';
  readonly written: string | readonly string[];
  readonly env: Environment;
}

/** The value of an option's words: reads files, parses JSON and shorthand. @throws CliFailure */
export function unpackOption({ option, type, written, env }: OptionValue): Value {
  const [single, ...others] = typeof written === 'string' ? [written] : written;
  const file =
    single === undefined || others.length > 0 ? undefined : fromFile(option, single, env);
  const value = file ?? written;
  switch (type) {
    case 'map':
      return unpackMap(option, value, env);
    case 'list':
      return unpackList(option, value);
    default:
      return value;
  }
}

/** Undefined if the value names no file. @throws CliFailure */
export function fromFile(
  option: string,
  value: string,
  env: Environment,
): string | Uint8Array | undefined {
  try {
    return readFileValue(value, env);
  } catch (thrown) {
    if (thrown instanceof FileProblem) throw parameterFailure(option, thrown.message);
    throw thrown;
  }
}

type Written = string | readonly string[] | Uint8Array;

function unpackMap(option: string, value: Written, env: Environment): Value {
  if (typeof value !== 'string') {
    throw otherFailure(`${option} takes text: use file:// where you have fileb://`);
  }
  const text = stripStart(value);
  if (text.startsWith('{')) return fromJson(option, value);
  if (text.startsWith('[')) throw parameterFailure(option, `Invalid JSON:\n${value}`);
  try {
    return parseShorthand(value, (named) => fileInShorthand(named, env));
  } catch (thrown) {
    if (thrown instanceof ShorthandProblem) throw parameterFailure(option, thrown.message);
    throw thrown;
  }
}

/** Here the AWS CLI does not name the option, and exits with 255. */
function fileInShorthand(value: string, env: Environment): Value | undefined {
  try {
    return readFileValue(value, env);
  } catch (thrown) {
    if (thrown instanceof FileProblem) throw otherFailure(thrown.message);
    throw thrown;
  }
}

function unpackList(option: string, value: Written): Value {
  if (value instanceof Uint8Array) {
    throw parameterFailure(option, 'a list is text: use file:// where you have fileb://');
  }
  if (typeof value !== 'string') {
    const [single = '', ...others] = value;
    return others.length === 0 && stripStart(single).startsWith('[')
      ? fromJson(option, single)
      : value;
  }
  const text = stripStart(value);
  if (text === '') throw otherFailure(`${option}: the file is empty, but must hold a JSON list`);
  return text.startsWith('[') ? fromJson(option, value) : [...value];
}

function fromJson(option: string, text: string): Value {
  try {
    return withOrderedInside(parseJson(text));
  } catch (thrown) {
    if (!(thrown instanceof JsonProblem)) throw thrown;
    throw parameterFailure(option, `Invalid JSON: ${thrown.message}\nJSON received: ${text}`);
  }
}

/** Python reads an option's JSON into ordered maps; a nested one can only be refused, named as that type. */
function withOrderedInside(value: Value): Value {
  if (isMap(value)) return new Map([...value].map(([key, item]) => [key, asOrdered(item)]));
  return isList(value) ? value.map(asOrdered) : value;
}

function asOrdered(value: Value): Value {
  if (isList(value)) return value.map(asOrdered);
  if (!isMap(value)) return value;
  const pairs = [...value].map(
    ([key, item]) => `(${pythonText(key)}, ${pythonText(asOrdered(item))})`,
  );
  const text = pairs.length === 0 ? 'OrderedDict()' : `OrderedDict([${pairs.join(', ')}])`;
  return { foreign: 'collections.OrderedDict', text };
}
