import { pack } from '../entries/body.ts';
import { commit } from './commit.ts';
import { PutOff } from './fault.ts';
import { toHead } from './head.ts';
import { createSegment, putAway } from './segment.ts';
import { event, type LogState, timestamp, writable } from './state.ts';
import { sync } from './sync.ts';

/** Between tries to close a segment that could not be closed. */
export const UNROTATED_MS = 60_000;

/** Closes the live segment and begins the next; where someone moved the file, under the same name. */
export function reopen(state: LogState): void {
  rotate(state, 'reopen');
}

export function rotateIfDue(state: LogState): void {
  const { now, maxAgeMs } = state.options;
  const { openedAt } = writable(state);
  if (Math.abs(now() - openedAt) >= maxAgeMs) rotateUnlessResting(state, 'age');
  else rotateIfLarge(state);
}

export function rotateIfLarge(state: LogState): void {
  if (state.bytes >= state.options.maxBytes) rotateUnlessResting(state, 'size');
}

function rotateUnlessResting(state: LogState, reason: string): void {
  if (state.unrotated.isOver()) rotate(state, reason);
}

function rotate(state: LogState, reason: string): void {
  // Before a reopen, logrotate has already moved the file away: do not report that as tampering.
  state.watchedAt = state.options.now();
  commit(state, pack([event(state, 'segment_close', { segment_close: { reason } })]));
  try {
    startAnew(state, reason);
  } catch (thrown) {
    // A segment that is too long or too old is better than no entries.
    if (!state.live || state.suspect !== '') throw thrown;
    state.unrotated.begin();
    throw new PutOff('UNROTATED', thrown);
  }
}

/** Makes every line of the live file durable, gives it its closed name, and begins the next. */
export function startAnew(state: LogState, closed: string): void {
  const { options, live, bytes } = state;
  if (live) {
    if (!state.doubtful) sync(state, live.file);
    const doubtful = state.durable < bytes;
    state.predecessor = putAway({ ...options, path: options.file, live, bytes, closed, doubtful });
    if (state.predecessor.file === '') state.suspect ||= 'RENAMED';
    else {
      state.live = undefined;
      live.file.close();
    }
  }
  // A file that is elsewhere may be back, with its folder or volume, before a new one can be made here.
  const elsewhere = state.live;
  beginSegment(state);
  elsewhere?.file.close();
}

export function beginSegment(state: LogState): void {
  const { options, chain, predecessor, open } = state;
  const { disk, file: path, now } = options;
  const head = toHead({ ...options, chain, predecessor, open }, timestamp(state));
  const staged = state.stage(chain, pack([head]));
  state.live = createSegment({ disk, path, head: staged.bytes, chain, at: now() });
  state.chain = staged.chain;
  state.bytes = staged.bytes.length;
  state.durable = state.bytes;
  state.suspect = '';
  state.movedAt = undefined;
  state.doubtful = false;
}
