import { isJsonObject, type JsonObject } from '../../json/object.ts';
import { ENTRYPOINT } from '../../policy/entrypoints.ts';
import { toEvaluation } from '../../policy/evaluation.ts';
import { headOf, lineOf, nameOf, nodesOf, type ParsedFile } from './parse-folder.ts';
import { constantOf, isObject, type RuleOf, termsOf, UNKNOWN } from './terms.ts';

const [RULE = '', ...PACKAGE] = ENTRYPOINT.split('/').reverse();
const PACKAGE_NAME = ['data', ...PACKAGE.reverse()].join('.');

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

/** One whose name is a single word: `decision.allow := …` gives only a part of its value. */
function isRule({ head }: JsonObject): boolean {
  const ref = isJsonObject(head) ? head['ref'] : undefined;
  return isJsonObject(head) && (!Array.isArray(ref) || ref.length === 1);
}

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
