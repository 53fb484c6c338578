import { isJsonObject, type JsonObject } from '../../json/object.ts';
import { headOf, nameOf } from './parse-folder.ts';

/** The rules of a name in the package of the term. */
export type RuleOf = (name: string) => readonly JsonObject[];

/** What a variable stands for: what the rule's body assigns to it, or the values of the rule of that name. */
export function termsOf(term: unknown, rule: JsonObject, ruleOf: RuleOf): unknown[] {
  if (!isJsonObject(term) || term['type'] !== 'var') return [term];
  const { body } = rule;
  // What is assigned further in, as in a comprehension, is another variable.
  const assigned = (Array.isArray(body) ? body : [])
    .map(({ terms }: JsonObject) => terms)
    .filter((terms) => Array.isArray(terms) && nameOf(terms[0]) === 'assign')
    .flatMap((terms) =>
      Array.isArray(terms) && terms[1]?.value === term['value'] ? [terms[2]] : [],
    );
  if (assigned.length > 0) return assigned;
  return ruleOf(String(term['value'])).map((other) => headOf(other)['value']);
}

/** What is only known once there is a call. */
export const UNKNOWN = Symbol('unknown');

interface ObjectTerm extends JsonObject {
  readonly value: readonly (readonly [unknown, unknown])[];
}

export const isObject = (term: JsonObject): term is JsonObject & ObjectTerm =>
  term['type'] === 'object';

/** The value of a term that has the same one in every call. */
export function constantOf(term: unknown): unknown {
  if (!isJsonObject(term)) return UNKNOWN;
  const { type, value } = term;
  if (type === 'null') return null;
  if (type === 'string' || type === 'number' || type === 'boolean') return value;
  if ((type === 'array' || type === 'set') && Array.isArray(value)) return listOf(value);
  if (!isObject(term)) return UNKNOWN;
  const pairs = term.value.map(([key, member]) => [constantOf(key), constantOf(member)]);
  return pairs.flat().includes(UNKNOWN) ? UNKNOWN : Object.fromEntries(pairs);
}

function listOf(items: readonly unknown[]): unknown {
  const values = items.map(constantOf);
  return values.includes(UNKNOWN) ? UNKNOWN : values;
}
