import { compile as check, search } from 'jmespath';
import { otherFailure, usageFailure } from '../failure.ts';
import { isList, isMap, type Value } from '../values/value.ts';

declare module 'jmespath' {
  /** Exists, but its published types leave it out. */
  export function compile(expression: string): unknown;
}

export type Query = (value: Value) => Value;

/** A JMESPath expression, checked. @throws CliFailure */
export function compileQuery(expression: string): Query {
  try {
    check(expression);
  } catch (thrown) {
    throw usageFailure(`Bad value for --query ${expression}: ${describe(expression, thrown)}`);
  }
  return (value) => {
    try {
      return fromPlain(search(toPlain(value), expression));
    } catch (thrown) {
      throw otherFailure(sentenceOf(thrown), thrown);
    }
  };
}

function describe(expression: string, thrown: unknown): string {
  if (expression.trim() === '') return 'Invalid JMESPath expression: cannot be empty.';
  return `Invalid jmespath expression: ${sentenceOf(thrown)}`;
}

function sentenceOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
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
  return new Map(Object.entries(plain).map(([key, item]) => [key, fromPlain(item)]));
}
