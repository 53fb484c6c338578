import type { Call, Decision, ResolvedKeys } from '../call.ts';
import { type Reason, Refusal } from '../errors.ts';

const judged: unique symbol = Symbol('judged');
const observed: unique symbol = Symbol('observed');

/**
 * Proof that policy allowed exactly this call: KMS is asked with what is in here and nothing else.
 * The key of its brand never leaves this file, so nothing outside can make one.
 */
export interface Permit {
  readonly [judged]: true;
  readonly call: Call;
  readonly keys: ResolvedKeys;
  readonly decision: Decision;
}

/** A permit of observe mode: policy refused, for the reason that is in here, and was overridden. */
export interface ObservedPermit extends Permit {
  readonly [observed]: Refusal;
}

type Judged = Pick<Permit, 'call' | 'keys' | 'decision'>;

/** Mints the permit of an allowed call. @throws Refusal with the reason why there is none. */
export function permit({ call, keys, decision }: Judged): Permit | ObservedPermit {
  const refusal = refusalInForce({ call, keys, decision });
  if (refusal) throw refusal;
  const overridden = refusalOf({ call, keys, decision });
  if (!overridden) return Object.freeze({ [judged]: true as const, call, keys, decision });
  return Object.freeze({ [judged]: true as const, [observed]: overridden, call, keys, decision });
}

/** Why there is no permit for these, or undefined where there is: in observe mode, mostly. */
export function refusalInForce(asked: Judged): Refusal | undefined {
  const refusal = refusalOf(asked);
  const { enforced } = asked.decision;
  return refusal && (enforced || !OVERRIDABLE.has(refusal.reason)) ? refusal : undefined;
}

/** What policy would have refused the call for, or undefined where it allowed it. */
export function overridden(permit: Permit | ObservedPermit): Refusal | undefined {
  return observed in permit ? permit[observed] : undefined;
}

/** Why these may not go on to KMS, or undefined where they may; observe mode is not looked at. */
export function refusalOf({ keys, decision }: Judged): Refusal | undefined {
  if (decision.effect !== 'allow' || decision.failure !== '') return denial(decision);
  if (keys.source.known || decision.allowUnknownSource) return undefined;
  return new Refusal('SOURCE_KEY_REQUIRED', {
    side: 'source',
    rule: decision.rule,
    fields: [
      { field: 'source_key_id', description: 'name the key that the ciphertext was made under' },
    ],
  });
}

/** Observe mode is for policies that may be wrong, not for policies that are not there. */
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
