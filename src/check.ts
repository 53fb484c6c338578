import type { Call, Decision, Progress, Resolved } from './call.ts';
import type { Refusal } from './errors.ts';
import { refusalInForce, refusalOf } from './policy/permit.ts';
import { createEnds, type EndStages } from './spine-ends.ts';
import type { Stages } from './stages.ts';

/** The result of a check: the decision that a ReEncrypt would get, and why it would be refused. */
export type Checked = Resolved & {
  readonly decision: Decision;
  /** Undefined if the call would be forwarded to KMS. */
  readonly refusal: Refusal | undefined;
};

export type Check = (call: Call) => Promise<Checked>;

type CheckStages = EndStages & Pick<Stages, 'resolve' | 'decide'>;

/**
 * The small spine, for CheckReEncrypt: identify → resolve → may this principal check? → what would a
 * ReEncrypt get? → record. KMS is asked only for key facts, and no permit is minted.
 */
export function createCheck(stages: CheckStages): Check {
  const { resolve, decide } = stages;
  const { between, refuse } = createEnds(stages);

  return between(perform);

  async function perform({ call, principal }: Progress): Promise<Checked> {
    const asked: Call = { ...call, action: 'kms:CheckReEncrypt' };
    let progress: Progress = { call: asked, principal };
    try {
      const keys = await resolve(progress);
      const check = { call: asked, principal, keys };
      const mayCheck = decide(check, 'request');
      progress = { ...check, decision: mayCheck };
      const forbidden = refusalInForce({ ...check, decision: mayCheck });
      if (forbidden) throw forbidden;

      call.signal.throwIfAborted();
      const reEncrypt = { ...check, call: { ...call, action: 'kms:ReEncrypt' as const } };
      const decision = decide(reEncrypt, 'request');
      // Only the entry of a check has this decision; that of its refusal has the one on the check itself.
      return { ...check, decision, refusal: refusalOf({ ...reEncrypt, decision }) };
    } catch (thrown) {
      throw await refuse(progress, thrown);
    }
  }
}
