import type { Call, Principal, Progress } from './call.ts';
import { type Refusal, toRefusal } from './errors.ts';
import type { Stages } from './stages.ts';

export type EndStages = Pick<Stages, 'identify' | 'admit' | 'record' | 'count'>;

/** How a call comes in and how its refusal goes out: the same around every spine. */
export function createEnds({ identify, admit, record, count }: EndStages) {
  return { enter, refuse };

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

  /** A refusal is recorded before the caller gets it; if that fails, the caller gets the failure instead. */
  async function refuse(progress: Progress, thrown: unknown): Promise<Refusal> {
    const refusal = toRefusal(thrown);
    const told = await record.terminal(progress, refusal).then(() => refusal, toRefusal);
    count(progress, told);
    return told;
  }
}
