import type { Logger } from 'pino';
import type { Decision, Progress } from '../call.ts';
import type { Reason, Refusal } from '../errors.ts';
import { KmsFault } from '../kms/port.ts';
import { firstLine, messageOf } from '../thrown.ts';
import { createOnceASecond } from './once-a-second.ts';

/** What an operator can fix and a caller cannot. */
const FOR_OPERATORS: ReadonlySet<Reason> = new Set<Reason>([
  'KEY_FACTS_UNAVAILABLE',
  'PROXY_CREDENTIALS',
  'KMS_ACCESS_DENIED',
  'KMS_THROTTLED',
  'KMS_UNAVAILABLE',
  'KMS_UNREACHABLE',
]);

/** What the policy's author can fix. Why no policy is loaded is logged by its loader. */
const OF_POLICY: ReadonlySet<Decision['failure']> = new Set<Decision['failure']>([
  'POLICY_UNDEFINED',
  'POLICY_INVALID',
  'POLICY_TIMEOUT',
  'POLICY_FAILED',
]);

/**
 * Logs what KMS, or the network on the way to it, said of a refused call, and why policy could not
 * decide one: the caller may not read that. At most one line per reason and second, since an outage
 * refuses thousands of calls alike.
 */
export function createCauseLog(log: Pick<Logger, 'warn'>, now: () => number) {
  const isDue = createOnceASecond(now);
  return (progress: Progress, refusal?: Refusal): void => {
    const { call, decision } = progress;
    // In observe mode the call goes on, and nothing else reports this.
    if (decision && OF_POLICY.has(decision.failure)) ofPolicy(call.id, decision);
    if (refusal && FOR_OPERATORS.has(refusal.reason)) ofKms(call.id, refusal);
    if (refusal?.reason === 'CONFIRM_MISMATCH') ofConfirm(call.id, refusal);
    if (refusal?.reason === 'DEADLINE_EXCEEDED' && isAtKms(progress)) ofDeadline(call.id);
  };

  function ofConfirm(decision_id: string, { reason, side, cause }: Refusal): void {
    if (!isDue(reason)) return;
    const why = firstLine(messageOf(cause));
    log.warn({ decision_id, reason, side }, `a result of KMS is withheld: ${why}`);
  }

  function ofDeadline(decision_id: string): void {
    const reason: Reason = 'DEADLINE_EXCEEDED';
    if (isDue(reason)) log.warn({ decision_id, reason }, `a call's time ended before KMS answered`);
  }

  function ofPolicy(decision_id: string, { failure: reason, reasons, revision }: Decision): void {
    const [{ code, message } = { code: '', message: '' }] = reasons;
    if (!isDue(reason)) return;
    log.warn(
      { decision_id, reason, code, revision },
      `policy could not decide a call: ${withoutQuotes(message)}`,
    );
  }

  function ofKms(decision_id: string, refusal: Refusal): void {
    const fault = saidByKms(refusal);
    const { reason, side, kmsRequestId: kms_request_id } = refusal;
    if (!fault || !isDue(reason)) return;
    const { code, message } = fault;
    log.warn(
      { decision_id, reason, side, code, kms_request_id },
      `a call failed at KMS: ${message}`,
    );
  }
}

const isAtKms = ({ intended, answer }: Progress): boolean => intended === true && !answer;

/** Quoted text comes from the policy, which may have built it from context values. */
function withoutQuotes(message: string): string {
  return message.replaceAll(/'[^']*'/g, "'…'");
}

/** What KMS, or the network on the way to it, said; undefined if nothing. For operators. */
export function saidByKms(thrown: unknown): Said | undefined {
  const fault = faultOf(thrown);
  return fault && { code: fault.code, message: firstLine(fault.message) };
}

type Said = Pick<KmsFault, 'code' | 'message'>;

/** KEY_FACTS_UNAVAILABLE wraps another refusal, whose cause is the fault, or the end of a look-up's own time. */
function faultOf(thrown: unknown): Said | undefined {
  if (thrown instanceof KmsFault) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'TimeoutError')
    return { code: thrown.name, message: 'it did not answer in time' };
  return thrown instanceof Error ? faultOf(thrown.cause) : undefined;
}
