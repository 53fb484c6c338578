import type { Call, Principal, Progress } from './call.ts';
import { type Refusal, toRefusal } from './errors.ts';
import type { Stages } from './stages.ts';

export type EndStages = Pick<Stages, 'identify' | 'admit' | 'record' | 'count'>;

/** How a call comes in and how its end goes out: the same around every spine. */
export function createEnds({ identify, admit, record, count }: EndStages) {
  return { between, refuse };

  /** A spine whose call comes in, is performed, leaves its end in the log, and goes out, however that goes. */
  function between<Performed extends Progress>(perform: (entered: Progress) => Promise<Performed>) {
    return async (call: Call): Promise<Performed> => {
      const { principal, leave } = await enter(call);
      try {
        const performed = await perform({ call, principal });
        await release(performed);
        return performed;
      } finally {
        leave();
      }
    };
  }

  /** The caller, and a place for the call; `leave` gives it back. Usually both are ready at once. */
  async function enter(call: Call): Promise<{ principal: Principal; leave: () => void }> {
    try {
      const identified = identify(call.arrival, call.signal);
      const principal = identified instanceof Promise ? await identified : identified;
      const admitted = admit(principal, call);
      return { principal, leave: admitted instanceof Promise ? await admitted : admitted };
    } catch (thrown) {
      const refusal = toRefusal(thrown);
      record.turnedAway(refusal);
      throw refusal;
    }
  }

  /** A result is recorded before the caller gets it. */
  async function release(progress: Progress): Promise<void> {
    const failure = await end(progress);
    if (failure) throw failure;
  }

  /** A refusal is recorded before the caller gets it. */
  async function refuse(progress: Progress, thrown: unknown): Promise<Refusal> {
    const refusal = toRefusal(thrown);
    return (await end(progress, refusal)) ?? refusal;
  }

  /**
   * If a call's end cannot be recorded, the caller gets that failure instead. It is not recorded as another
   * end: the log may have the first, which only a required sink lacks.
   */
  async function end(progress: Progress, refusal?: Refusal): Promise<Refusal | undefined> {
    const told = await record.terminal(progress, refusal).then(() => refusal, toRefusal);
    count(progress, told);
    return told;
  }
}
