import { isJsonObject, type JsonObject } from '../../json/object.ts';
import { ENTRYPOINT } from '../../policy/entrypoints.ts';
import { toEvaluation } from '../../policy/evaluation.ts';
import { lineOf, nameOf, nodesOf, type ParsedFile } from './parse-folder.ts';

const [RULE = '', ...PACKAGE] = ENTRYPOINT.split('/').reverse();
const PACKAGE_NAME = ['data', ...PACKAGE.reverse()].join('.');

/** What is only known once there is a call. */
const UNKNOWN = Symbol('unknown');

/** A good value for each member of a decision, of which one at a time is replaced by what the policy says. */
const GOOD: JsonObject = {
  allow: false,
  reasons: [],
  rule: '',
  allow_unknown_source: false,
  labels: {},
};

/**
 * One warning, by its line, about each decision that cannot be valid, whatever is asked. The samples may never meet
 * it, as where no sample is allowed. What is not written out, in the rule itself or one that it names, is not judged.
 */
export function invalidDecisions(files: readonly ParsedFile[]): readonly string[] {
  const own = files.filter(({ module }) => nameOf(module['package'], 'path') === PACKAGE_NAME);
  const rules = own.flatMap(({ name, module }) =>
    nodesOf(module)
      .filter(isRule)
      .map((rule) => ({ file: name, rule })),
  );
  const ofName = (name: string) => rules.filter(({ rule }) => headOf(rule)['name'] === name);
  const ruleOf = (name: string) => ofName(name).map(({ rule }) => rule);
  return ofName(RULE).flatMap(({ file, rule }) => {
    const fault = faultOf(rule, ruleOf);
    const line = lineOf(rule) || lineOf(headOf(rule));
    return fault === '' ? [] : [`${file}:${line}: this decision denies (POLICY_INVALID): ${fault}`];
  });
}

type RuleOf = (name: string) => readonly JsonObject[];

/** One whose name is a single word: `decision.allow := …` gives only a part of its value. */
function isRule({ head }: JsonObject): boolean {
  const ref = isJsonObject(head) ? head['ref'] : undefined;
  return isJsonObject(head) && (!Array.isArray(ref) || ref.length === 1);
}

const headOf = ({ head }: JsonObject): JsonObject => (isJsonObject(head) ? head : {});

/** What a proxy would say of the decision; '' if it may be valid. */
function faultOf(rule: JsonObject, ruleOf: RuleOf): string {
  const decisions = termsOf(headOf(rule)['value'], rule, ruleOf);
  return inAll(decisions.map((term) => faultOfTerm(term, rule, ruleOf)));
}

/** Of the decision that a term is, with good members, and with each that is known in place of a good one. */
function faultOfTerm(term: unknown, rule: JsonObject, ruleOf: RuleOf): string {
  if (!isJsonObject(term) || !isObject(term)) return faultOfValue(constantOf(term));
  const members = term.value.map(([key, value]) => [constantOf(key), value] as const);
  if (members.some(([name]) => typeof name !== 'string')) return '';
  const good = Object.fromEntries(members.map(([name]) => [name, GOOD[String(name)] ?? null]));
  const faults = members.map(([name, value]) => {
    const constants = termsOf(value, rule, ruleOf).map(constantOf);
    const decisions = constants.map((constant) =>
      constant === UNKNOWN ? UNKNOWN : { ...good, [String(name)]: constant },
    );
    return inAll(decisions.map(faultOfValue));
  });
  return [...new Set([faultOfValue(good), ...faults])].filter((fault) => fault !== '').join('; ');
}

function faultOfValue(result: unknown): string {
  if (result === UNKNOWN) return '';
  const { failure, reasons } = toEvaluation(JSON.stringify([{ result }]));
  return failure ? (reasons[0]?.message ?? '') : '';
}

/** One that is valid in some of its cases may have only those. */
const inAll = (faults: readonly string[]): string =>
  faults.includes('') ? '' : [...new Set(faults)].join('; ');

/** What a variable stands for: what the rule's body assigns to it, or the values of the rule of that name. */
function termsOf(term: unknown, rule: JsonObject, ruleOf: RuleOf): unknown[] {
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

interface ObjectTerm extends JsonObject {
  readonly value: readonly (readonly [unknown, unknown])[];
}

const isObject = (term: JsonObject): term is JsonObject & ObjectTerm => term['type'] === 'object';

/** The value of a term that has the same one in every call. */
function constantOf(term: unknown): unknown {
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
