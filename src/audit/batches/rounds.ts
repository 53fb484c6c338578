/**
 * Decides what becomes of a batch: the log's thread commits it, or the caller's thread gives it up
 * after the deadline, and both may try at the same moment. A round lasts until the caller gives up. One
 * shared word holds `round * 2` while the round is open and `round * 2 + 1` while the log's thread is
 * committing; each side moves it by compare-and-exchange, and a batch of an older round is never committed.
 */
interface Held {
  readonly id: number;
  readonly round: number;
}

const WORD = 0;
const COMMITTED = 1;

/** The log's thread, before it spends anything on a batch. */
export function isOpen(shared: Int32Array, { round }: Held): boolean {
  return Atomics.load(shared, WORD) === round * 2;
}

/** The log's thread, after its sync: true where the batch may count. */
export function claimRound(shared: Int32Array, { id, round }: Held): boolean {
  if (Atomics.compareExchange(shared, WORD, round * 2, round * 2 + 1) !== round * 2) return false;
  Atomics.store(shared, COMMITTED, id);
  Atomics.notify(shared, COMMITTED);
  return true;
}

/** The log's thread, once it has reported: the round is open again. */
export function releaseRound(shared: Int32Array, { round }: Pick<Held, 'round'>): void {
  Atomics.store(shared, WORD, round * 2);
}

/**
 * The caller's thread: gives up every batch of `round` that is not committed. Returns the last
 * committed batch, or undefined where one is being committed just now (try again).
 */
export function giveUp(shared: Int32Array, round: number): number | undefined {
  const open = Atomics.compareExchange(shared, WORD, round * 2, (round + 1) * 2) === round * 2;
  return open ? Atomics.load(shared, COMMITTED) : undefined;
}

export function createRounds(): SharedArrayBuffer {
  return new SharedArrayBuffer(8);
}

/** Blocks the calling thread until the log has committed batch `id`; false where it did not in time. */
export function waitFor(shared: Int32Array, id: number, timeoutMs: number): boolean {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const committed = Atomics.load(shared, COMMITTED);
    if (committed >= id) return true;
    const left = until - performance.now();
    if (Atomics.wait(shared, COMMITTED, committed, left) === 'timed-out') return false;
  }
}

/** After the log's thread is gone: what was on its way to it can no longer be committed. */
export function startRound(shared: Int32Array, round: number): void {
  Atomics.store(shared, WORD, round * 2);
}
