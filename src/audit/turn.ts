/**
 * Decides what becomes of a batch: the log's thread commits it, or the caller's thread gives it up
 * after the deadline, and both may try at the same moment. So one shared word holds
 * `turn * 2` while the turn is open and `turn * 2 + 1` while the log's thread is committing; each
 * side moves it by compare-and-exchange, and a batch of an older turn is never committed.
 */
interface Held {
  readonly id: number;
  readonly turn: number;
}

const WORD = 0;
const COMMITTED = 1;

/** The log's thread, before it spends anything on a batch. */
export function isOpen(shared: Int32Array, { turn }: Held): boolean {
  return Atomics.load(shared, WORD) === turn * 2;
}

/** The log's thread, after its sync: true where the batch may count. */
export function claimTurn(shared: Int32Array, { id, turn }: Held): boolean {
  if (Atomics.compareExchange(shared, WORD, turn * 2, turn * 2 + 1) !== turn * 2) return false;
  Atomics.store(shared, COMMITTED, id);
  Atomics.notify(shared, COMMITTED);
  return true;
}

/** The log's thread, once it has reported. */
export function endTurn(shared: Int32Array, { turn }: Pick<Held, 'turn'>): void {
  Atomics.store(shared, WORD, turn * 2);
}

/**
 * The caller's thread: gives up every batch of `turn` that is not committed. Returns the last
 * committed batch, or undefined where one is being committed just now (try again).
 */
export function giveUp(shared: Int32Array, turn: number): number | undefined {
  const open = Atomics.compareExchange(shared, WORD, turn * 2, (turn + 1) * 2) === turn * 2;
  return open ? Atomics.load(shared, COMMITTED) : undefined;
}

export function createTurn(): SharedArrayBuffer {
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
export function nextTurn(shared: Int32Array, turn: number): void {
  Atomics.store(shared, WORD, turn * 2);
}
