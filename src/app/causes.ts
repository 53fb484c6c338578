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
 * Logs what KMS, or the way to it, said of a refused call, for its caller may not read that. One line
 * a reason and second, for an outage refuses thousands alike.
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

/** Facts of keys that cannot be had are refused because of a refusal. */
function faultOf(thrown: unknown): KmsFault | undefined {
  if (thrown instanceof KmsFault) return thrown;
  return thrown instanceof Error ? faultOf(thrown.cause) : undefined;
}

/** Of a signature that does not fit AWS tells the whole signed request, session token included, below. */
function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').slice(0, LONGEST);
}
