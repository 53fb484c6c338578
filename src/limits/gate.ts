export interface GateLimits {
  /** Read each time, so that it may change; never below 1. */
  readonly maxInFlight: () => number;
  /** How many may wait for a place. */
  readonly maxQueue: number;
  /** How long one may wait for a place. */
  readonly maxWaitMs: number;
  /** Runs `act` after `ms` milliseconds unless cancelled; a simulation passes its own. */
  readonly after?: After;
}

type After = (ms: number, act: () => void) => () => void;

/** A bounded number of places with a short queue before them. */
export interface Gate {
  /** Takes a place at once if there is one. */
  tryEnter(): boolean;
  /** Waits for a place: `entered`, or why there is none. An abort rejects with the signal's reason. */
  wait(signal: AbortSignal): Promise<'entered' | 'full' | 'timeout'>;
  leave(): void;
  readonly inFlight: number;
  readonly waiting: number;
}

interface Waiter {
  settle(how: 'entered' | 'timeout'): void;
}

/** First come, first served; a freed place goes straight to the one that has waited longest. */
export function createGate(limits: GateLimits): Gate {
  const queue = new Set<Waiter>();
  let inFlight = 0;

  return {
    tryEnter() {
      if (inFlight >= limits.maxInFlight()) return false;
      inFlight += 1;
      return true;
    },
    async wait(signal) {
      if (queue.size >= limits.maxQueue) return 'full';
      signal.throwIfAborted();
      return queueUp(queue, limits, signal);
    },
    leave() {
      const [next] = queue;
      if (next && inFlight <= limits.maxInFlight()) next.settle('entered');
      else inFlight -= 1;
    },
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return queue.size;
    },
  };
}

function queueUp(
  queue: Set<Waiter>,
  { maxWaitMs, after = afterTimeout }: GateLimits,
  signal: AbortSignal,
): Promise<'entered' | 'timeout'> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', abort);
      queue.delete(waiter);
    };
    const waiter: Waiter = {
      settle(how) {
        end();
        resolve(how);
      },
    };
    const abort = (): void => {
      end();
      reject(signal.reason);
    };
    const cancel = after(maxWaitMs, () => waiter.settle('timeout'));
    signal.addEventListener('abort', abort, { once: true });
    queue.add(waiter);
  });
}

const afterTimeout: After = (ms, act) => {
  const timer = setTimeout(act, ms);
  return () => clearTimeout(timer);
};
