import type { Call, Decision, ResolvedKeys } from '../call.ts';
import { type Reason, Refusal } from '../errors.ts';

const judged: unique symbol = Symbol('judged');

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

/** Mints the permit of an allowed call. @throws Refusal with the reason why there is none. */
export function permit({ call, keys, decision }: Omit<Permit, typeof judged>): Permit {
  if (decision.effect !== 'allow' || decision.failure !== '') throw denial(decision);
  if (!keys.source.known && !decision.allowUnknownSource) {
    throw new Refusal('SOURCE_KEY_REQUIRED', {
      side: 'source',
      rule: decision.rule,
      fields: [
        { field: 'source_key_id', description: 'name the key that the ciphertext was made under' },
      ],
    });
  }
  return Object.freeze({ [judged]: true as const, call, keys, decision });
}

function denial(decision: Decision): Refusal {
  const reason: Reason = decision.failure === '' ? 'POLICY_DENIED' : decision.failure;
  const [first] = decision.reasons;
  return new Refusal(reason, {
    side: first?.side ?? '',
    rule: decision.rule,
    ...(first && reason === 'POLICY_DENIED' && { sentence: first.message }),
  });
}
