import type { Condition } from './policy.ts';

/** The values that a request gives a condition key; undefined where it gives none. */
export type ConditionValues = (key: string) => readonly string[] | undefined;

/**
 * IAM's condition operators, as far as they mean something for KMS keys. One that is not known here
 * never lets a statement allow, and never keeps one from denying.
 */
export function holds(
  condition: Condition,
  { effect, valuesOf }: { readonly effect: 'Allow' | 'Deny'; readonly valuesOf: ConditionValues },
): boolean {
  const { set, base, ifExists } = parseOperator(condition.operator);
  const given = valuesOf(condition.key);
  if (base === 'Null') return (given === undefined) === (condition.values[0] === 'true');
  const test = Object.hasOwn(OPERATORS, base) ? OPERATORS[base] : undefined;
  if (!test || !SETS.has(set)) return effect === 'Deny';
  const matches = (value: string) => test(value, condition.values);
  if (set === 'ForAllValues') return (given ?? []).every(matches);
  // ForAnyValue needs at least one value, even under a negated operator.
  if (given === undefined) return ifExists || (set !== 'ForAnyValue' && NEGATED.has(base));
  return set === 'ForAnyValue' ? given.some(matches) : given.every(matches);
}

/** IAM's `*` and `?`. Patterns without them, or with one `*` at the end, are by far the most common. */
export function wildcard(pattern: string, value: string): boolean {
  const first = pattern.search(/[*?]/);
  if (first < 0) return pattern === value;
  if (first === pattern.length - 1 && pattern.endsWith('*')) {
    return value.startsWith(pattern.slice(0, -1));
  }
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(value);
}

type Test = (value: string, allowed: readonly string[]) => boolean;

const equal: Test = (value, allowed) => allowed.includes(value);
const equalIgnoringCase: Test = (value, allowed) =>
  allowed.some((each) => each.toLowerCase() === value.toLowerCase());
const like: Test = (value, allowed) => allowed.some((each) => wildcard(each, value));
const not =
  (test: Test): Test =>
  (value, allowed) =>
    !test(value, allowed);

const OPERATORS: Readonly<Record<string, Test>> = {
  StringEquals: equal,
  StringNotEquals: not(equal),
  StringEqualsIgnoreCase: equalIgnoringCase,
  StringNotEqualsIgnoreCase: not(equalIgnoringCase),
  StringLike: like,
  StringNotLike: not(like),
  ArnEquals: like,
  ArnNotEquals: not(like),
  ArnLike: like,
  ArnNotLike: not(like),
  Bool: equalIgnoringCase,
};
const SETS: ReadonlySet<string | undefined> = new Set(['ForAllValues', 'ForAnyValue', undefined]);
const NEGATED = new Set(Object.keys(OPERATORS).filter((name) => name.includes('Not')));

function parseOperator(operator: string) {
  const colon = operator.indexOf(':');
  const set = colon < 0 ? undefined : operator.slice(0, colon);
  const whole = operator.slice(colon + 1);
  const base = whole.replace(/IfExists$/, '');
  return { set, base, ifExists: base !== whole };
}
