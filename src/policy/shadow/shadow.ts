import type { Decision, Resolved } from '../../call.ts';
import { type Comparison, compareDecisions } from '../compare.ts';
import { type Evaluation, inEffect, toAsked } from '../evaluation.ts';
import type { Limits } from '../limits.ts';
import type { Candidate, ShadowAnswer, ShadowQuestion } from './messages.ts';
import { superviseShadow } from './supervise.ts';

/** What a candidate would have decided on a call that the serving bundle decided. */
export interface ShadowEvent {
  readonly resolved: Resolved;
  readonly served: Decision;
  readonly candidate: Evaluation;
  /** Revision of the candidate bundle. */
  readonly revision: string;
  readonly comparison: Comparison;
}

interface ShadowOptions {
  readonly limits: Limits;
  readonly onShadow: (event: ShadowEvent) => void;
  /** A call was not judged, because too many wait or the thread ended. */
  readonly onDropped: () => void;
}

export interface Shadow {
  /** Sets the candidate from now on. */
  use(candidate: Candidate): void;
  /** @param asked.input the input as JSON text, made only if there is room for it. */
  offer(asked: { resolved: Resolved; served: Decision; input: () => string }): void;
  close(): Promise<void>;
}

const MOST_WAITING = 1_000;
/** Decided calls are collected this long, and handed over in one message. */
const GATHER_MS = 20;

type Asked = { readonly resolved: Resolved; readonly served: Decision };

/** Judges calls by a candidate bundle, apart from the calls themselves, and without any effect on them. */
export function createShadow({ limits, onShadow, onDropped }: ShadowOptions): Shadow {
  const waiting = new Map<number, Asked>();
  let questions: ShadowQuestion[] = [];
  let timer: NodeJS.Timeout | undefined;
  let lastId = 0;
  const thread = superviseShadow({
    limits,
    onAnswers: (answers) => answers.forEach(receive),
    onEnd() {
      for (const _ of waiting) onDropped();
      waiting.clear();
      questions = [];
    },
  });

  return {
    use: thread.use,
    offer({ resolved, served, input }) {
      if (!thread.ready || waiting.size >= MOST_WAITING) return onDropped();
      lastId += 1;
      waiting.set(lastId, { resolved, served });
      questions.push({ id: lastId, input: input(), at: resolved.call.receivedAt });
      timer ??= setTimeout(flush, GATHER_MS).unref();
    },
    async close() {
      clearTimeout(timer);
      await thread.close();
    },
  };

  function flush() {
    timer = undefined;
    thread.post({ type: 'judge', questions });
    questions = [];
  }

  function receive({ id, revision, evaluation }: ShadowAnswer) {
    const asked = waiting.get(id);
    if (!asked) return;
    waiting.delete(id);
    const candidate = inEffect(evaluation, toAsked(asked.resolved));
    const comparison = compareDecisions(asked.served, candidate);
    onShadow({ ...asked, candidate, revision, comparison });
  }
}
