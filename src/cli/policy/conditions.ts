import { isJsonObject, type JsonObject } from '../../json/object.ts';
import type { PolicyInput } from '../../policy/input.ts';

/** A rule in the data of a policy that is built like the example policy, and the grant that it is in. */
export interface RuleData {
  readonly rule: JsonObject;
  readonly grant: JsonObject;
}

interface Reason {
  readonly code: string;
  readonly side: string;
}

/** Fields of the side that each code of the example policy is about. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  key: ['key_id_form', 'key_arn', 'alias', 'aliases'],
  key_state: ['state'],
  key_age: ['created_unix_ms'],
  key_tag: ['tags'],
  context_value: ['encryption_context'],
  context_forbidden: ['encryption_context_keys'],
};

const WHOLE: Readonly<Record<string, (input: PolicyInput) => unknown>> = {
  no_rule: ({ principal }) => ({ id: principal.id, kind: principal.kind }),
  context_keep: ({ relation }) => relation.context,
  context_change: ({ relation }) => relation.context,
  context_bind: ({ principal }) => principal.attributes,
  relation: ({ relation: { context: _, ...same } }) => same,
  hour: ({ time }) => time.hour_utc,
  weekday: ({ time }) => time.weekday,
  ended: ({ time: { rfc3339, unix_ms } }) => ({ rfc3339, unix_ms }),
};

/** The part of the call that a reason is about, as JSON: of facts, those that the rule asks for. */
export function foundIn(
  input: PolicyInput,
  { code, side }: Reason,
  rule: RuleData | undefined,
): string | undefined {
  const whole = WHOLE[code];
  if (whole) return JSON.stringify(whole(input));
  const is = code === 'key_fact' ? asked(rule, side, OF_SIDE[code]) : undefined;
  const fields = isJsonObject(is) ? Object.keys(is) : FIELDS[code];
  if (!fields || (side !== 'source' && side !== 'destination')) return undefined;
  const found = Object.entries(input[side]).filter(([name]) => fields.includes(name));
  return JSON.stringify(Object.fromEntries(found));
}

/** Which field of the rule's side, or of the rule, each code compares the call with. */
const OF_SIDE: Readonly<Record<string, string>> = {
  key: 'keys',
  key_state: 'states',
  key_age: 'max_age_days',
  key_tag: 'tags',
  key_fact: 'is',
  context_value: 'context',
  context_forbidden: 'forbidden_context_keys',
};

const OF_RULE: Readonly<Record<string, readonly [part: string, field: string]>> = {
  context_keep: ['context', 'keep'],
  context_change: ['context', 'changes'],
  context_bind: ['context', 'bind'],
  hour: ['call', 'hours_utc'],
  weekday: ['call', 'weekdays'],
  ended: ['call', 'until_unix_ms'],
};

/** What applies if a rule leaves it out. */
const LEFT_OUT: Readonly<Record<string, unknown>> = {
  key: [],
  key_state: ['Enabled'],
  context_keep: ['tenant'],
};

/** What the data demands, as JSON, where a reason says that the call is different. */
export function saidBy(data: RuleData, { code, side }: Reason): string | undefined {
  if (code === 'no_rule') return JSON.stringify(data.grant['kinds']);
  if (code === 'relation') return JSON.stringify(data.rule['relation']);
  const [part, field] = OF_RULE[code] ?? [side, OF_SIDE[code]];
  return JSON.stringify(asked(data, part, field) ?? LEFT_OUT[code]);
}

function asked(data: RuleData | undefined, part: string, field = ''): unknown {
  const found = data?.rule[part];
  return isJsonObject(found) ? found[field] : undefined;
}
