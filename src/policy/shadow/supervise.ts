import { startThread, type Thread } from '../../life/start-thread.ts';
import type { Limits } from '../limits.ts';
import type { Candidate, Ending, ShadowAnswer, ShadowOrder } from './messages.ts';

interface SuperviseShadowOptions {
  readonly limits: Limits;
  readonly onAnswers: (answers: readonly ShadowAnswer[]) => void;
  /** The thread has ended, and what it was asked is lost. */
  readonly onEnd: () => void;
}

interface SupervisedShadow {
  /** Judges by this candidate from now on; before the first, nothing is judged. */
  use(candidate: Candidate): void;
  /** False while there is no thread to judge. */
  readonly ready: boolean;
  post(order: ShadowOrder): void;
  close(): Promise<void>;
}

const RESTART_MS = 1_000;
/** Any question runs out of fuel long before that. */
const CLOSE_MS = 5_000;

/** A thread that starts with the first candidate, and restarts with the latest one if it ends. */
export function superviseShadow(options: SuperviseShadowOptions): SupervisedShadow {
  const { limits, onAnswers, onEnd } = options;
  let candidate: Candidate | undefined;
  let thread: Thread<ShadowOrder> | undefined;
  const ending: Ending = new Int32Array(new SharedArrayBuffer(4));

  return {
    get ready() {
      return thread !== undefined;
    },
    use(next) {
      // Proved only after `close`: nobody would end the thread.
      if (ending[0]) return;
      candidate = next;
      thread ??= start();
      thread.post({ type: 'candidate', ...candidate, limits });
    },
    post: (order) => thread?.post(order),
    async close() {
      Atomics.store(ending, 0, 1);
      await thread?.end({ type: 'end' }, CLOSE_MS);
    },
  };

  function start(): Thread<ShadowOrder> {
    return startThread({ name: 'shadow', data: ending, onReport: onAnswers, onEnd: ended });
  }

  function ended(): void {
    thread = undefined;
    onEnd();
    setTimeout(restart, RESTART_MS).unref();
  }

  function restart(): void {
    if (ending[0] || !candidate || thread) return;
    thread = start();
    thread.post({ type: 'candidate', ...candidate, limits });
  }
}
