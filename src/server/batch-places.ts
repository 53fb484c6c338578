import { limited } from '../errors.ts';

/** Batches that are under way at once. An answer is held for 10 s at most (`end-answered.ts`). */
const MOST_BATCHES = 16;

/** One principal may have so many times what is free: 12 if it is alone, and then there are places for others. */
const OF_ONE = 3;

interface BatchPlaces {
  /** Returns what gives the place back, to be called once. @throws Refusal LIMITED */
  take(principal: string): () => void;
}

/** Places for batches. They end by themselves, so none loses its place to another. */
export function createBatchPlaces(): BatchPlaces {
  const held = new Map<string, number>();
  let open = 0;
  return {
    take(principal) {
      const free = MOST_BATCHES - open;
      if (free === 0) throw limited('batches in flight', 1_000);
      const own = held.get(principal) ?? 0;
      if (own >= OF_ONE * free) throw limited('batches in flight for this principal', 1_000);
      held.set(principal, own + 1);
      open += 1;
      return () => giveBack(principal);
    },
  };

  function giveBack(principal: string): void {
    open -= 1;
    const left = (held.get(principal) ?? 0) - 1;
    if (left > 0) held.set(principal, left);
    else held.delete(principal);
  }
}
