import type { AuditCause } from '../../audit-causes.ts';
import { giveUp, startRound } from './rounds.ts';
import { drop } from './settle.ts';
import type { State } from './state.ts';

/** If the oldest batch has waited too long, the disk is stuck: its entries are given up for good. */
export function check(state: State): void {
  const oldest = state.sent[0];
  if (!oldest || state.monotonic() - oldest.sentAt < state.deadlineMs) return;
  const committed = giveUp(state.rounds, state.openRound);
  if (committed === undefined) return;
  state.openRound += 1;
  const lost = state.sent.filter(({ id }) => id > committed);
  state.sent = state.sent.filter(({ id }) => id <= committed);
  // All of it is in the log and only the report is late. Do not suspend: the log's thread, which
  // dropped nothing, would never send the `well` that ends a suspension.
  if (lost.length === 0) return;
  for (const { waiters } of lost) drop(state, waiters, { code: 'DEADLINE', sent: true });
  suspend(state, 'DEADLINE', `the disk took longer than ${state.deadlineMs} ms`);
}

export function abandon(state: State, code: AuditCause, message: string): void {
  state.openRound += 1;
  startRound(state.rounds, state.openRound);
  for (const { waiters } of state.sent.splice(0)) drop(state, waiters, { code, sent: true });
  suspend(state, code, message);
}

export function suspend(state: State, code: AuditCause, message: string): void {
  const unsent = state.waiters;
  state.bodies = [];
  state.waiters = [];
  drop(state, unsent, { code, sent: false });
  if (state.suspended !== '') return;
  state.suspended = code;
  state.onSuspend(code, message);
}
