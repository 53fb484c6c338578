import type { Call, Principal, Progress } from './call.ts';
import { type Refusal, toRefusal } from './errors.ts';
import type { Stages } from './stages.ts';

export type FrameStages = Pick<Stages, 'identify' | 'admit' | 'record' | 'count'>;

/** How a call comes in and how its refusal goes out: the same around every spine. */
export function createFrame({ identify, admit, record, count }: FrameStages) {
  return { enter, refuse };

  /** Who calls, and a place for the call; `leave` gives it back. */
  async function enter(call: Call): Promise<{ principal: Principal; leave: () => void }> {
    try {
      const principal = await identify(call.arrival, call.signal);
      return { principal, leave: await admit(principal, call) };
    } catch (thrown) {
      const refusal = toRefusal(thrown);
      record.turnedAway(refusal);
      throw refusal;
    }
  }

  /** A refusal is recorded before it is told; where that fails, the failure is what is told. */
  async function refuse(progress: Progress, thrown: unknown): Promise<Refusal> {
    const refusal = toRefusal(thrown);
    const told = await record.terminal(progress, refusal).then(() => refusal, toRefusal);
    count(progress, told);
    return told;
  }
}
