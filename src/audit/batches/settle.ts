import type { AuditCause } from '../../audit-causes.ts';
import { Refusal } from '../../errors.ts';
import type { State, Waiter } from './state.ts';

/** Tells those whose entries were in a batch up to `upTo` what became of it. */
export function settle(state: State, upTo: number, act: (waiter: Waiter) => void): void {
  let count = 0;
  for (const { id, waiters, packed } of state.sent) {
    if (id > upTo) break;
    count += 1;
    state.memory = packed.memory;
    state.queued -= waiters.length;
    for (const waiter of waiters) act(waiter);
  }
  state.sent.splice(0, count);
  rest(state);
}

interface Why {
  readonly code: AuditCause;
  readonly sent: boolean;
}

/** Tells those whose entries are given up. */
export function drop(state: State, dropped: readonly Waiter[], { code, sent }: Why): void {
  state.queued -= dropped.length;
  for (const waiter of dropped) waiter.refused(unavailable(code), sent);
  rest(state);
}

export function unavailable(code: AuditCause): Refusal {
  return new Refusal('AUDIT_UNAVAILABLE', { cause: code });
}

function rest({ queued, idle }: State): void {
  if (queued > 0) return;
  for (const done of idle.splice(0)) done();
}
