import type { Decision, DecisionReason, Resolved } from '../call.ts';
import { parseJson } from '../json/exact.ts';
import { isJsonObject } from '../json/object.ts';

/** The result of one evaluation: a decision without its bundle and phase. */
export type Evaluation = Pick<
  Decision,
  'effect' | 'failure' | 'reasons' | 'rule' | 'allowUnknownSource' | 'sourceRequired' | 'labels'
>;

/** Longest texts and lists that a decision may hold; longer ones make it invalid. */
const MOST = {
  resultCharacters: 65_536,
  reasons: 64,
  code: 128,
  message: 1_024,
  rule: 256,
  labels: 16,
  labelCharacters: 256,
} as const;

const NO_LABELS = Object.freeze({});
const FIELDS = new Set(['allow', 'reasons', 'rule', 'allow_unknown_source', 'labels']);

/**
 * Reads the engine's result set, which is JSON text. Only exactly one result of exactly the documented
 * shape with `allow: true` allows; no result is POLICY_UNDEFINED, anything else POLICY_INVALID.
 */
export function toEvaluation(resultSet: string): Evaluation {
  if (resultSet.length > MOST.resultCharacters) {
    return failed('POLICY_INVALID', 'too_large', 'the decision is larger than 64 KiB');
  }
  const results = parseJson(resultSet);
  if (!Array.isArray(results) || results.length === 0) {
    return failed('POLICY_UNDEFINED', 'undefined', 'the entrypoint is undefined for this input');
  }
  if (results.length > 1) {
    return failed('POLICY_INVALID', 'several_results', 'the entrypoint gave several results');
  }
  const [{ result }] = results;
  const fault = faultOf(result);
  return fault === '' ? fromResult(result) : failed('POLICY_INVALID', 'shape', fault);
}

/** A denial because policy could not be asked or gave no usable answer. */
export function failed(failure: Exclude<Decision['failure'], ''>, code: string, message: string) {
  const reasons: readonly DecisionReason[] = [{ code, message, side: '' }];
  return {
    effect: 'deny',
    failure,
    reasons,
    rule: '',
    allowUnknownSource: false,
    sourceRequired: false,
    labels: NO_LABELS,
  } as const satisfies Evaluation;
}

interface Asked {
  readonly action: string;
  readonly source: { readonly known: boolean };
}

export const toAsked = ({ call, keys }: Pick<Resolved, 'call' | 'keys'>): Asked => ({
  action: call.action,
  source: keys.source,
});

/**
 * What an evaluation comes to: without a source key, an allow that does not say that it counts denies. A check
 * itself needs none.
 */
export function inEffect(evaluation: Evaluation, { action, source }: Asked): Evaluation {
  const { effect, allowUnknownSource } = evaluation;
  const counts = allowUnknownSource || source.known || action !== 'kms:ReEncrypt';
  if (effect === 'deny' || counts) return evaluation;
  const message = 'it is allowed only if the source key is named';
  const reasons = [{ code: 'SOURCE_KEY_REQUIRED', message, side: 'source' }] as const;
  return { ...evaluation, effect: 'deny', reasons, sourceRequired: true };
}

interface Result {
  readonly allow: boolean;
  readonly reasons: readonly DecisionReason[];
  readonly rule: string;
  readonly allow_unknown_source?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

function fromResult({ allow, reasons, rule, allow_unknown_source, labels }: Result): Evaluation {
  return {
    effect: allow ? 'allow' : 'deny',
    failure: '',
    reasons,
    rule,
    allowUnknownSource: allow && allow_unknown_source === true,
    sourceRequired: false,
    labels: labels ?? NO_LABELS,
  };
}

/** What is wrong with the shape of a result, or ''. */
function faultOf(result: unknown): string {
  if (!isJsonObject(result)) return 'the decision is not an object';
  for (const field of Object.keys(result)) {
    if (!FIELDS.has(field)) return `the decision has a field '${field.slice(0, 64)}'`;
  }
  if (typeof result['allow'] !== 'boolean') return 'allow is not a boolean';
  if (!isText(result['rule'], MOST.rule)) {
    return `rule is not a string of at most ${MOST.rule} characters`;
  }
  const unknownSource = result['allow_unknown_source'];
  if (unknownSource !== undefined && typeof unknownSource !== 'boolean') {
    return 'allow_unknown_source is not a boolean';
  }
  return reasonsFault(result['reasons']) || labelsFault(result['labels']);
}

function reasonsFault(reasons: unknown): string {
  if (!Array.isArray(reasons)) return 'reasons is not an array';
  if (reasons.length > MOST.reasons) return `there are more than ${MOST.reasons} reasons`;
  const wrong = reasons.findIndex((reason) => !isReason(reason));
  return wrong < 0 ? '' : `reasons[${wrong}] is not ${REASON}`;
}

const REASON = `{code, message, side} of at most ${MOST.code} and ${MOST.message} characters, and source, destination or ''`;

function isReason(reason: unknown): reason is DecisionReason {
  return (
    isJsonObject(reason) &&
    Object.keys(reason).length === 3 &&
    isText(reason['code'], MOST.code) &&
    isText(reason['message'], MOST.message) &&
    (reason['side'] === '' || reason['side'] === 'source' || reason['side'] === 'destination')
  );
}

function labelsFault(labels: unknown): string {
  if (labels === undefined) return '';
  if (!isJsonObject(labels)) return 'labels is not an object';
  const pairs = Object.entries(labels);
  if (pairs.length > MOST.labels) return `there are more than ${MOST.labels} labels`;
  const isLabel = ([key, value]: [string, unknown]) =>
    key !== '__proto__' && isText(key, MOST.labelCharacters) && isText(value, MOST.labelCharacters);
  return pairs.every(isLabel)
    ? ''
    : `a label is not a string of at most ${MOST.labelCharacters} characters`;
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most;
}
