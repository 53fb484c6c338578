import type { Decision, Resolved } from '../../call.ts';
import { type Comparison, compareDecisions } from '../compare.ts';
import { type Evaluation, inEffect, toAsked } from '../evaluation.ts';
import type { Limits } from '../limits.ts';
import type { Candidate, ShadowAnswer, ShadowQuestion } from './messages.ts';
import { superviseShadow } from './supervise.ts';

/** What a candidate would have decided on a call that the serving bundle decided. */
export interface ShadowEvent {
  readonly decisionId: string;
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
/** Characters of all inputs that wait: a thousand ordinary ones fit, but a caller can make one of half a million. */
const MOST_CHARACTERS = 8 << 20;
/** Decided calls are collected this long, and handed over in one message. */
const GATHER_MS = 20;

/** No more of a call than is needed later, because a slow candidate makes many wait. */
interface Waiting extends Pick<ShadowEvent, 'decisionId' | 'served'> {
  readonly asked: ReturnType<typeof toAsked>;
  readonly characters: number;
}

/** Judges calls by a candidate bundle, apart from the calls themselves, and without any effect on them. */
export function createShadow({ limits, onShadow, onDropped }: ShadowOptions): Shadow {
  const waiting = new Map<number, Waiting>();
  let characters = 0;
  let questions: ShadowQuestion[] = [];
  let timer: NodeJS.Timeout | undefined;
  let lastId = 0;
  const thread = superviseShadow({
    limits,
    onAnswers: (answers) => answers.forEach(receive),
    onEnd() {
      for (const _ of waiting) onDropped();
      waiting.clear();
      characters = 0;
      questions = [];
    },
  });

  return {
    use: thread.use,
    offer({ resolved, served, input }) {
      const isFull = waiting.size >= MOST_WAITING || characters >= MOST_CHARACTERS;
      if (!thread.ready || isFull) return onDropped();
      ask(resolved, served, input());
      timer ??= setTimeout(flush, GATHER_MS).unref();
    },
    async close() {
      clearTimeout(timer);
      await thread.close();
    },
  };

  function ask(resolved: Resolved, served: Decision, text: string) {
    const { id: decisionId, receivedAt: at } = resolved.call;
    lastId += 1;
    characters += text.length;
    const asked = toAsked(resolved);
    waiting.set(lastId, { decisionId, served, asked, characters: text.length });
    questions.push({ id: lastId, input: text, at });
  }

  function flush() {
    timer = undefined;
    thread.post({ type: 'judge', questions });
    questions = [];
  }

  function receive({ id, revision, evaluation }: ShadowAnswer) {
    const answered = waiting.get(id);
    if (!answered) return;
    waiting.delete(id);
    characters -= answered.characters;
    const { decisionId, served, asked } = answered;
    const candidate = inEffect(evaluation, asked);
    const comparison = compareDecisions(served, candidate);
    onShadow({ decisionId, served, candidate, revision, comparison });
  }
}
