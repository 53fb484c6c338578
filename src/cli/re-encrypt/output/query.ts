import { compile as check, search } from 'jmespath';
import { messageOf } from '../../../thrown.ts';
import { otherFailure, usageFailure } from '../failure.ts';
import { isList, isMap, type Value } from '../values/value.ts';
import { explainParserProblem, querySyntaxProblem } from './query-syntax.ts';

declare module 'jmespath' {
  /** Exists, but its published types leave it out. */
  export function compile(expression: string): unknown;
}

export type Query = (value: Value) => Value;

/** A JMESPath expression, checked. @throws CliFailure */
export function compileQuery(expression: string): Query {
  const problem = querySyntaxProblem(expression) ?? explainParserProblem(expression, parserProblem);
  if (problem !== undefined) throw usageFailure(`Bad value for --query ${expression}: ${problem}`);
  return (value) => {
    try {
      return fromPlain(search(toPlain(value), expression));
    } catch (thrown) {
      throw otherFailure(searchProblem(thrown), thrown);
    }
  };
}

function parserProblem(expression: string): string | undefined {
  try {
    check(expression);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** For a function that does not exist, or takes other arguments. */
function searchProblem(thrown: unknown): string {
  const message = messageOf(thrown);
  const [, name, takes, received] =
    /^ArgumentError: (.+\(\)) takes (?:at least )?(\d+ arguments?) but received (\d+)/.exec(
      message,
    ) ?? [];
  if (name !== undefined) return `Expected ${takes} for function ${name}, received ${received}`;
  return message.replace(/^TypeError: (.+?\(\)) /, 'In function $1, ');
}

function toPlain(value: Value): unknown {
  if (isMap(value)) {
    return Object.fromEntries([...value].map(([key, item]) => [key, toPlain(item)]));
  }
  if (isList(value)) return value.map(toPlain);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value !== null && typeof value === 'object') return Number(value.text);
  return value;
}

function fromPlain(plain: unknown): Value {
  if (Array.isArray(plain)) return plain.map(fromPlain);
  if (plain === null || typeof plain === 'boolean' || typeof plain === 'string') return plain;
  if (typeof plain === 'number') {
    return { number: Number.isInteger(plain) ? 'int' : 'float', text: String(plain) };
  }
  if (typeof plain !== 'object') return null;
  if ('jmespathType' in plain) throw new Error('Encountered unrecognized type in JSON encoder.');
  return new Map(Object.entries(plain).map(([key, item]) => [key, fromPlain(item)]));
}
