import { type ConditionValues, holds, wildcard } from './condition.ts';
import type { KeyPolicy, Statement } from './policy.ts';
import { namesPrincipal } from './principal.ts';

interface Question {
  readonly principal: string;
  /** `kms:Encrypt` */
  readonly action: string;
  readonly resource: string;
  readonly valuesOf: ConditionValues;
}

/**
 * What a key policy says. Where it names the caller's account, it leaves the rest to the account's
 * IAM policies, of which there are none here: they are taken to allow everything.
 */
export function evaluate(
  { statements }: KeyPolicy,
  question: Question,
): 'allow' | 'deny' | 'silent' {
  let answer: 'allow' | 'silent' = 'silent';
  for (const statement of statements) {
    if (!applies(statement, question)) continue;
    if (statement.effect === 'Deny') return 'deny';
    answer = 'allow';
  }
  return answer;
}

function applies(statement: Statement, { principal, action, resource, valuesOf }: Question) {
  const named = (principals: readonly string[]) =>
    principals.some((each) => namesPrincipal(each, principal));
  const { principals, notPrincipals } = statement;
  if (principals.length > 0 ? !named(principals) : named(notPrincipals)) return false;
  const covered = (actions: readonly string[]) =>
    actions.some((each) => each === '*' || wildcard(each.toLowerCase(), action.toLowerCase()));
  const { actions, notActions } = statement;
  if (actions.length > 0 ? !covered(actions) : covered(notActions)) return false;
  if (!statement.resources.some((each) => each === '*' || wildcard(each, resource))) return false;
  const { effect, conditions } = statement;
  return conditions.every((condition) => holds(condition, { effect, valuesOf }));
}
