import type { Progress } from '../call.ts';
import { type Reason, Refusal } from '../errors.ts';
import type { Recorder } from '../stages.ts';
import { type Body, toEventBody } from './body.ts';
import type { Committer } from './committer.ts';
import type { Entries } from './entry.ts';

export interface RecorderOptions {
  readonly entries: Entries;
  readonly commit: Committer['submit'];
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Told of each entry that is durable. */
  readonly onEntry: (kind: string) => void;
}

export interface AuditRecorder extends Recorder {
  /** After a time without a log: ends the calls that could not be ended in it. */
  catchUp(open: readonly string[], suspended: { code: string; since: number }): void;
  /** Writes the counts of calls that were turned away. Called every second. */
  flush(): void;
}

export function createRecorder({ entries, commit, now, onEntry }: RecorderOptions): AuditRecorder {
  /** Calls whose intent is durable and whose outcome is not. */
  const open = new Set<string>();
  /** What has to be said of calls that ended while the log could not be written. */
  const owed = new Map<string, Body>();
  const turned = new Map<Reason, number>();
  let refused = 0;

  return { intent, terminal, turnedAway, catchUp, flush };

  async function intent(progress: Progress): Promise<void> {
    await commit(entries.intent(progress));
    open.add(progress.call.id);
    onEntry('intent');
  }

  async function terminal(progress: Progress, refusal?: Refusal): Promise<void> {
    const { id } = progress.call;
    const begun = progress.intended === true && open.delete(id);
    try {
      await commit(entries.terminal(begun ? progress : unbegun(progress), refusal));
      onEntry(begun ? 'outcome' : 'refusal');
    } catch (thrown) {
      refused += 1;
      if (progress.intended) {
        owed.set(id, entries.terminal(progress, new Refusal('AUDIT_UNAVAILABLE')));
      }
      throw thrown;
    }
  }

  function turnedAway({ reason }: Refusal): void {
    turned.set(reason, (turned.get(reason) ?? 0) + 1);
  }

  function flush(): void {
    for (const [reason, count] of turned) {
      turned.delete(reason);
      const body = event('turned_away', { turned_away: { count, reason } });
      commit(body).then(
        () => onEntry('turned_away'),
        () => turned.set(reason, (turned.get(reason) ?? 0) + count),
      );
    }
  }

  function catchUp(begun: readonly string[], suspended: { code: string; since: number }): void {
    const since = new Date(suspended.since).toISOString();
    write('resumed', event('resumed', { resumed: { code: suspended.code, refused, since } }));
    refused = 0;
    for (const id of begun) {
      const body = owed.get(id);
      if (body === undefined) open.add(id);
      else write('outcome', body, () => owed.delete(id));
    }
    const known = new Set(begun);
    for (const id of owed.keys()) if (!known.has(id)) owed.delete(id);
  }

  function write(kind: string, body: Body, done?: () => void): void {
    commit(body).then(
      () => {
        done?.();
        onEntry(kind);
      },
      // What could not be written is owed still, and is tried at the next resumption.
      () => undefined,
    );
  }

  function event(kind: string, fields: Parameters<typeof toEventBody>[2]): Body {
    return toEventBody(kind, new Date(now()).toISOString(), fields);
  }
}

/** Without a durable intent there is nothing that an outcome could end: the refusal is told whole. */
function unbegun(progress: Progress): Progress {
  const { intended: _, ...rest } = progress;
  return rest;
}
