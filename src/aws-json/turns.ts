/**
 * Bytes of bodies that are dealt with in one turn of the event loop. JSON that means to be costly takes 10 ms
 * for them, and Node reads from a thousand connections before it looks at anything else.
 */
const MOST_BYTES = 16 * 1024;

interface Waiting {
  readonly bytes: number;
  begin(): void;
}

/**
 * Spreads bodies over turns of the event loop: resolves at once while there is room in this turn. Of those
 * that wait, the smallest goes first, and one that is larger than a turn has one for itself.
 */
export function createTurns(): (bytes: number) => Promise<void> {
  let waiting: Waiting[] = [];
  let spent = 0;

  return async (bytes) => {
    if (spend(bytes)) return;
    await new Promise<void>((begin) => waiting.push({ bytes, begin }));
  };

  function spend(bytes: number): boolean {
    if (spent > 0 && spent + bytes > MOST_BYTES) return false;
    if (spent === 0) setImmediate(next);
    spent += bytes;
    return true;
  }

  function next(): void {
    spent = 0;
    const ordered = waiting.toSorted((one, other) => one.bytes - other.bytes);
    waiting = ordered.filter(({ bytes, begin }) => {
      const now = spend(bytes);
      if (now) begin();
      return !now;
    });
  }
}
