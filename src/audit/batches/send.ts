import { type Body, MOST_UNITS, markOf, pack } from '../entries/body.ts';
import { waitFor } from './rounds.ts';
import { unavailable } from './settle.ts';
import type { State, Waiter } from './state.ts';
import { whenQuiet } from './when-quiet.ts';

export function submit(state: State, body: Body, waiter: Waiter): void {
  // Room was found for its intent: without its end, the log would leave the call open until the next start.
  const fits = state.queued < state.maxQueue || markOf(body) === '-';
  const full = fits ? '' : 'QUEUE_FULL';
  const code = state.suspended || full;
  if (code !== '') {
    if (code === full) state.onFull();
    waiter.refused(unavailable(code), false);
    return;
  }
  state.queued += 1;
  state.bodies.push(body);
  state.waiters.push(waiter);
  // Calls of one turn of the event loop travel together.
  if (!state.scheduled) state.soon(() => flushIfFree(state));
  state.scheduled = true;
}

/**
 * Only one batch is on its way at a time. Entries that come while it is synced wait here and become
 * the next one, with one sync for all; sent at once, they would wait just as long for the log's thread.
 */
export function flushIfFree(state: State): void {
  state.scheduled = false;
  if (state.gathering || state.sent.length > 0 || state.bodies.length === 0) return;
  // After a lone entry another one is likely to be alone too, and would wait for nothing.
  if (state.lastCount > 1) gather(state);
  else flush(state);
}

/** Waits for the entries of calls that the event loop is still working on: a sync costs as much as a whole call. */
function gather(state: State): void {
  state.gathering = true;
  const send = () => {
    state.gathering = false;
    if (state.sent.length === 0) flush(state);
  };
  whenQuiet(() => state.bodies.length, send, state);
}

export function submitNow(state: State, body: Body, timeoutMs: number): boolean {
  if (state.suspended !== '') return false;
  state.bodies.push(body);
  while (state.bodies.length > 0) flush(state);
  return waitFor(state.rounds, state.lastId, timeoutMs);
}

function flush(state: State): void {
  if (state.bodies.length === 0) return;
  const count = fitting(state.bodies);
  const bodies = state.bodies.splice(0, count);
  const waiters = state.waiters.splice(0, count);
  const id = state.lastId + 1;
  state.lastId = id;
  state.lastCount = count;
  const packed = pack(bodies, state.memory);
  state.memory = undefined;
  state.sent.push({ id, sentAt: state.monotonic(), waiters, packed });
  state.post({ type: 'batch', id, round: state.openRound, ...packed });
}

/** How many entries go into one batch. */
function fitting(bodies: readonly Body[]): number {
  let units = 0;
  const past = bodies.findIndex((body) => {
    units += body.length;
    return units > MOST_UNITS;
  });
  return past < 0 ? bodies.length : Math.max(1, past);
}
