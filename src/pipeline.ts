import type { Call, Decision, KmsAnswer, Phase, Progress, Resolved } from './call.ts';
import { permit } from './policy/permit.ts';
import { createEnds } from './spine-ends.ts';
import type { Stages } from './stages.ts';

type Judged = Resolved & { readonly decision: Decision };

/** A call that went all the way: what may be handed to the caller. */
export type Released = Judged & { readonly answer: KmsAnswer };

export type Pipeline = (call: Call) => Promise<Released>;

/**
 * The policy enforcement point: identify → resolve → decide → forward → confirm → record.
 * KMS is not asked without a permit and a durable intent, nothing is released without a durable
 * outcome, and every identified call leaves exactly one terminal entry.
 */
export function createPipeline(stages: Stages): Pipeline {
  const { resolve, decide, forward, confirm, record } = stages;
  const { between, refuse } = createEnds(stages);

  return between(perform);

  async function perform({ call, principal }: Progress): Promise<Released> {
    let progress: Progress = { call, principal };
    try {
      const judged = judge({ ...progress, keys: await resolve(progress) }, 'request');
      progress = judged;
      const allowed = permit(judged);

      progress = { ...judged, intended: true };
      await record.intent(progress);
      let released: Released = { ...judged, intended: true, answer: await forward(allowed) };
      progress = released;
      confirm(allowed, released.answer);
      // A denial that observe mode overrides stands, whatever the policy would say of the reported key.
      if (!judged.keys.source.known && judged.decision.effect === 'allow') {
        released = judge({ ...released, keys: await resolve(released) }, 'result');
        progress = released;
        permit(released);
      }
      call.signal.throwIfAborted();
      return released;
    } catch (thrown) {
      throw await refuse(progress, thrown);
    }
  }

  function judge<R extends Resolved>(resolved: R, phase: Phase): R & Judged {
    return { ...resolved, decision: decide(resolved, phase) };
  }
}
