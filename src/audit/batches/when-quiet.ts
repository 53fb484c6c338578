interface Surroundings {
  /** Runs `work` once the event loop has read what there is to read. */
  readonly turn: (work: () => void) => void;
  /** Milliseconds of a clock that never steps back. */
  readonly monotonic: () => number;
}

/** Fewer end the wait while answers of KMS are still coming in; each costs a few microseconds. */
const QUIET_TURNS = 4;

const MOST_MS = 2;

/**
 * Calls `done` once the event loop has turned several times and `count` has not changed, or after
 * 2 ms. A loop that has calls to work on is not quiet, so it waits that long only where there is
 * no time to spare anyway.
 */
export function whenQuiet(
  count: () => number,
  done: () => void,
  { turn, monotonic }: Surroundings,
): void {
  const until = monotonic() + MOST_MS;
  let seen = count();
  let quiet = 0;
  const look = () => {
    const counted = count();
    quiet = counted === seen ? quiet + 1 : 0;
    seen = counted;
    if (quiet < QUIET_TURNS && monotonic() < until) turn(look);
    else done();
  };
  turn(look);
}
