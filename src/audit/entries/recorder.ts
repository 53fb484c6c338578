import type { CountedKind } from '../../audit-kinds.ts';
import type { Progress } from '../../call.ts';
import { type Reason, Refusal, toRefusal } from '../../errors.ts';
import type { Json } from '../../json/canonical.ts';
import { outcomeOf } from '../../outcome.ts';
import type { Recorder } from '../../stages.ts';
import type { Waiter } from '../batches/state.ts';
import { type Body, toEventBody } from './body.ts';
import type { Entries } from './entry.ts';

interface RecorderOptions {
  readonly entries: Entries;
  readonly commit: (body: Body, waiter: Waiter) => void;
  /** If sinks are required too: resolves once they have the entry. @throws Refusal AUDIT_UNAVAILABLE */
  readonly confirm?: ((seq: number) => Promise<void>) | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Told of each entry that is durable. */
  readonly onEntry: (kind: CountedKind) => void;
}

export interface CallRecorder extends Recorder {
  /** An entry that belongs to no call, or to one that has ended. */
  event(kind: CountedKind, fields: Record<string, Json>): Promise<void>;
  /** After a suspension: logs it, and writes the outcomes that could not be written meanwhile. */
  catchUp(open: readonly string[], suspended: { code: string; since: number }): void;
  /** Writes the counts of calls that were turned away. To be called every second. */
  flush(): void;
}

interface State extends RecorderOptions {
  /** Calls whose intent is durable and whose outcome is not. */
  readonly open: Set<string>;
  /** Outcomes, still to be written, of calls that ended while the log could not be written. */
  readonly owed: Map<string, Body>;
  readonly turned: Map<Reason, number>;
  /** How many terminal entries could not be written since the log was last well. */
  unwritten: number;
}

export function createRecorder(options: RecorderOptions): CallRecorder {
  const state: State = {
    ...options,
    open: new Set(),
    owed: new Map(),
    turned: new Map(),
    unwritten: 0,
  };
  return {
    intent: (progress) => intent(state, progress),
    terminal: (progress, refusal) => terminal(state, progress, refusal),
    turnedAway: ({ reason }) => addTurned(state, reason, 1),
    event: (kind, fields) => event(state, kind, fields),
    catchUp: (open, suspended) => catchUp(state, open, suspended),
    flush: () => flush(state),
  };
}

function intent(state: State, progress: Progress): Promise<void> {
  const { entries, open, commit, confirm, onEntry } = state;
  return new Promise((resolve, reject) => {
    commit(entries.intent(progress), {
      kept(seq) {
        open.add(progress.call.id);
        onEntry('intent');
        resolve(confirm?.(seq));
      },
      refused(refusal, sent) {
        if (sent) owe(state, progress);
        reject(refusal);
      },
    });
  });
}

function terminal(state: State, progress: Progress, refusal?: Refusal): Promise<void> {
  const { entries, open, commit, confirm, onEntry } = state;
  const { id } = progress.call;
  return new Promise((resolve, reject) => {
    const begun = progress.intended === true && open.delete(id);
    commit(entries.terminal(begun ? progress : unbegun(progress), refusal), {
      kept(seq) {
        onEntry(begun ? 'outcome' : refusal ? 'refusal' : 'check');
        if (confirm) confirmed(state, { progress, refusal }, confirm(seq)).then(resolve, reject);
        else resolve();
      },
      refused(thrown) {
        state.unwritten += 1;
        if (begun) owe(state, progress);
        reject(thrown);
      },
    });
  });
}

/**
 * Keeps the outcome until the log can be written again. Only for a call whose intent the log has, or
 * may have: the rest would fill the memory in a long outage.
 */
function owe({ entries, owed }: State, progress: Progress): void {
  owed.set(progress.call.id, entries.terminal(progress, new Refusal('AUDIT_UNAVAILABLE')));
}

interface End {
  readonly progress: Progress;
  readonly refusal: Refusal | undefined;
}

/**
 * If a required sink does not confirm, the caller gets an error although the log says that the call
 * ended otherwise: a `correction` entry puts that right.
 */
async function confirmed(
  state: State,
  { progress, refusal }: End,
  answer: Promise<void>,
): Promise<void> {
  try {
    await answer;
  } catch (thrown) {
    const told = toRefusal(thrown);
    if (told.reason !== refusal?.reason) {
      const correction = { reason: told.reason, status: outcomeOf(progress, told) };
      const fields = { correction, decision_id: progress.call.id };
      event(state, 'correction', fields).catch(() => undefined);
    }
    throw told;
  }
}

/** Without a durable intent there is no entry to complete: the last one must hold everything. */
function unbegun(progress: Progress): Progress {
  const { intended: _, ...rest } = progress;
  return rest;
}

function addTurned({ turned }: State, reason: Reason, count: number): void {
  turned.set(reason, (turned.get(reason) ?? 0) + count);
}

function flush(state: State): void {
  for (const [reason, count] of state.turned) {
    state.turned.delete(reason);
    event(state, 'turned_away', { turned_away: { count, reason } }).catch(() =>
      addTurned(state, reason, count),
    );
  }
}

function event(state: State, kind: CountedKind, fields: Record<string, Json>): Promise<void> {
  return new Promise((resolve, refused) => {
    const kept = () => {
      state.onEntry(kind);
      resolve();
    };
    state.commit(toEventBody(kind, new Date(state.now()).toISOString(), fields), { kept, refused });
  });
}

function catchUp(
  state: State,
  begun: readonly string[],
  { code, since }: { code: string; since: number },
): void {
  const { owed, unwritten } = state;
  const resumed = { code, since: new Date(since).toISOString(), unwritten };
  state.unwritten = 0;
  event(state, 'resumed', { resumed }).catch(() => {
    state.unwritten += unwritten;
  });
  const inLog = new Set(begun);
  for (const [id, body] of owed) {
    if (inLog.has(id)) payBack(state, id, body);
    else owed.delete(id);
  }
}

function payBack({ commit, owed, onEntry }: State, id: string, body: Body): void {
  commit(body, {
    kept() {
      owed.delete(id);
      onEntry('outcome');
    },
    // It stays owed, and is written when the log is well again.
    refused: () => undefined,
  });
}
