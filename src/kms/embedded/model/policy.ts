import { parseJson } from '../../../json/exact.ts';
import { isJsonObject, type JsonObject } from '../../../json/object.ts';
import { fault } from '../fault.ts';

/** One statement of a key policy, its members made lists. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly principals: readonly string[];
  readonly notPrincipals: readonly string[];
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly resources: readonly string[];
  /** Operator → condition key → values. */
  readonly conditions: readonly Condition[];
}

export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** A key policy as it was written and as it is read. */
export interface KeyPolicy {
  readonly text: string;
  readonly statements: readonly Statement[];
}

/** @throws MalformedPolicyDocumentException for what is not a policy. */
export function parsePolicy(text: string): KeyPolicy {
  const document = readJson(text);
  const listed = document['Statement'];
  const statements = Array.isArray(listed) ? listed : [listed];
  if (listed === undefined || statements.length === 0) {
    throw malformed('Policy must contain at least one statement');
  }
  return { text, statements: statements.map(toStatement) };
}

function readJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(parseJson(text));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw malformed('This policy contains invalid Json');
    throw thrown;
  }
}

function toStatement(json: unknown): Statement {
  const statement = asObject(json);
  const effect = statement['Effect'];
  if (effect !== 'Allow' && effect !== 'Deny') {
    throw malformed('Policy statement must contain an Effect of Allow or Deny');
  }
  const actions = strings(statement['Action']);
  const notActions = strings(statement['NotAction']);
  if (actions.length + notActions.length === 0) {
    throw malformed('Policy statement must contain actions.');
  }
  const principals = principalsOf(statement['Principal']);
  const notPrincipals = principalsOf(statement['NotPrincipal']);
  if (principals.length + notPrincipals.length === 0) {
    throw malformed('Policy statement must contain principals.');
  }
  const resources = strings(statement['Resource']);
  if (resources.length === 0) throw malformed('Policy statement must contain resources.');
  const conditions = conditionsOf(statement['Condition']);
  return { effect, principals, notPrincipals, actions, notActions, resources, conditions };
}

/** Only AWS principals: services and federated users never call this KMS. */
function principalsOf(json: unknown): string[] {
  if (json === undefined) return [];
  if (json === '*') return ['*'];
  return Object.entries(asObject(json)).flatMap(([kind, names]) =>
    strings(names).map((name) => (kind === 'AWS' ? name : `${kind}:${name}`)),
  );
}

function conditionsOf(json: unknown): Condition[] {
  if (json === undefined) return [];
  return Object.entries(asObject(json)).flatMap(([operator, keys]) =>
    Object.entries(asObject(keys)).map(([key, values]) => ({
      operator,
      key,
      values: strings(values),
    })),
  );
}

function strings(json: unknown): string[] {
  if (json === undefined) return [];
  const values = Array.isArray(json) ? json : [json];
  return values.map((value) => {
    if (typeof value === 'boolean' || typeof value === 'number') return String(value);
    if (typeof value !== 'string') throw malformed('This policy contains a value of a wrong type');
    return value;
  });
}

function asObject(json: unknown): JsonObject {
  if (isJsonObject(json)) return json;
  throw malformed('This policy contains invalid Json');
}

function malformed(message: string) {
  return fault('MalformedPolicyDocumentException', message);
}
