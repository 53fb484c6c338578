import type { Call, Decision, Progress } from '../../src/call.ts';
import { ANONYMOUS } from '../../src/identity/principal.ts';
import { PLAIN_CALL, PLAIN_DECISION } from '../helpers/plain-values.ts';

const side = { keyId: 'alias/a', encryptionContext: {}, algorithm: 'SYMMETRIC_DEFAULT' } as const;

const call: Call = {
  ...PLAIN_CALL,
  ciphertext: new Uint8Array([1]),
  fingerprint: '',
  source: side,
  destination: side,
  signal: new AbortController().signal,
};

/** What is known of a call at its end. */
export function callOf(more: Partial<Progress>): Progress {
  return { call, principal: ANONYMOUS, ...more };
}

/** A denial by a policy rule, about the source. */
export function deny(rule: string): Decision {
  return {
    ...PLAIN_DECISION,
    effect: 'deny',
    reasons: [{ code: 'no', message: 'No.', side: 'source' }],
    rule,
    evaluationNs: 8_000,
  };
}
