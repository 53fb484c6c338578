import type { Call, Decision, ResolvedKeys } from '../call.ts';
import { type Reason, Refusal } from '../errors.ts';
import { inEffect, toAsked } from './evaluation.ts';

const judged: unique symbol = Symbol('judged');

/**
 * Proof that policy allowed exactly this call: the KMS request is made only from what is in here.
 * The brand's symbol never leaves this file, so no other code can make one.
 */
export interface Permit {
  readonly [judged]: true;
  readonly call: Call;
  readonly keys: ResolvedKeys;
  readonly decision: Decision;
}

type Judged = Pick<Permit, 'call' | 'keys' | 'decision'>;

/** Mints the permit of an allowed call, or of a denied one in observe mode. @throws Refusal if not allowed */
export function permit({ call, keys, decision }: Judged): Permit {
  const refusal = refusalInForce({ call, keys, decision });
  if (refusal) throw refusal;
  return Object.freeze({ [judged]: true as const, call, keys, decision });
}

/** Why there is no permit for these, or undefined where there is one: observe mode overrides most refusals. */
export function refusalInForce(asked: Judged): Refusal | undefined {
  const refusal = refusalOf(asked);
  const { enforced } = asked.decision;
  return refusal && (enforced || !OVERRIDABLE.has(refusal.reason)) ? refusal : undefined;
}

/** Why these may not go on to KMS, or undefined if they may; ignores observe mode. */
export function refusalOf({ call, keys, decision }: Judged): Refusal | undefined {
  if (decision.failure !== '') return denial(decision);
  const { effect, sourceRequired } = inEffect(decision, toAsked({ call, keys }));
  if (effect === 'allow') return undefined;
  if (!sourceRequired) return denial(decision);
  return new Refusal('SOURCE_KEY_REQUIRED', {
    side: 'source',
    rule: decision.rule,
    fields: [
      { field: 'source_key_id', description: 'name the key that the ciphertext was made under' },
    ],
  });
}

/** Observe mode is for policies that may be wrong, not for missing ones. */
const OVERRIDABLE: ReadonlySet<Reason> = new Set([
  'POLICY_DENIED',
  'POLICY_UNDEFINED',
  'POLICY_INVALID',
  'POLICY_TIMEOUT',
  'POLICY_FAILED',
  'SOURCE_KEY_REQUIRED',
]);

function denial(decision: Decision): Refusal {
  const reason: Reason = decision.failure === '' ? 'POLICY_DENIED' : decision.failure;
  const [first] = decision.reasons;
  return new Refusal(reason, {
    side: first?.side ?? '',
    rule: decision.rule,
    ...(first && reason === 'POLICY_DENIED' && { sentence: first.message }),
  });
}
