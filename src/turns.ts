interface TurnLimits {
  /** Bytes of messages that are dealt with in one turn of the event loop. */
  readonly bytes: number;
  /** Bytes that may wait; beyond that, messages are dealt with at once. */
  readonly heldBytes?: number;
}

/** Resolves when it is the turn of a message of so many bytes; undefined if that is now. */
export type Turn = (bytes: number) => Promise<void> | undefined;

interface Waiting {
  readonly bytes: number;
  begin(): void;
}

/**
 * Spreads messages over turns of the event loop, because Node reads from a thousand connections before it
 * looks at anything else. Of those that wait, the smallest goes first, and one that is larger than a turn has
 * one for itself.
 */
export function createTurns({ bytes: most, heldBytes = Infinity }: TurnLimits): Turn {
  let waiting: Waiting[] = [];
  let spent = 0;
  let held = 0;

  return (bytes) => {
    if (held + bytes > heldBytes || spend(bytes)) return undefined;
    held += bytes;
    return new Promise<void>((begin) => waiting.push({ bytes, begin }));
  };

  function spend(bytes: number): boolean {
    if (spent > 0 && spent + bytes > most) return false;
    if (spent === 0) setImmediate(next);
    spent += bytes;
    return true;
  }

  function next(): void {
    spent = 0;
    const ordered = waiting.toSorted((one, other) => one.bytes - other.bytes);
    waiting = ordered.filter(({ bytes, begin }) => {
      if (!spend(bytes)) return true;
      held -= bytes;
      begin();
      return false;
    });
  }
}
