import type { Logger } from 'pino';
import type { Progress } from '../call.ts';
import type { Reason, Refusal } from '../errors.ts';
import { KmsFault } from '../kms/port.ts';

/** What an operator can mend and a caller cannot. */
const FOR_OPERATORS: ReadonlySet<Reason> = new Set<Reason>([
  'KEY_FACTS_UNAVAILABLE',
  'PROXY_CREDENTIALS',
  'KMS_ACCESS_DENIED',
  'KMS_THROTTLED',
  'KMS_UNAVAILABLE',
  'KMS_UNREACHABLE',
]);

const PAUSE_MS = 1000;
const LONGEST = 500;

/**
 * Logs what KMS, or the network on the way to it, said of a refused call: the caller may not read
 * that. At most one line per reason and second, since an outage refuses thousands of calls alike.
 */
export function createCauseLog(log: Pick<Logger, 'warn'>, now: () => number) {
  const loggedAt = new Map<Reason, number>();
  return ({ call }: Progress, refusal?: Refusal): void => {
    if (!refusal || !FOR_OPERATORS.has(refusal.reason)) return;
    const fault = faultOf(refusal);
    const { reason, side, kmsRequestId: kms_request_id } = refusal;
    if (!fault || now() - (loggedAt.get(reason) ?? -PAUSE_MS) < PAUSE_MS) return;
    loggedAt.set(reason, now());
    const { code } = fault;
    log.warn(
      { decision_id: call.id, reason, side, code, kms_request_id },
      `a call failed at KMS: ${firstLine(fault.message)}`,
    );
  };
}

/** Behind KEY_FACTS_UNAVAILABLE there is another refusal, and the fault is the cause of that one. */
function faultOf(thrown: unknown): KmsFault | undefined {
  if (thrown instanceof KmsFault) return thrown;
  return thrown instanceof Error ? faultOf(thrown.cause) : undefined;
}

/** On a wrong signature AWS sends the signed request back, session token included, below the first line. */
function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').slice(0, LONGEST);
}
