import { expect, test } from 'vitest';
import type { Progress } from '../src/call.ts';
import { createCheck } from '../src/check.ts';
import { Refusal } from '../src/errors.ts';
import { confirm } from '../src/kms/confirm.ts';
import { createPipeline } from '../src/pipeline.ts';
import type { Stages } from '../src/stages.ts';
import { ALLOW, ANSWER, callOf, DENY, DESTINATION, PRINCIPAL, SOURCE } from './audit/samples.ts';

/** Stages that allow a call and end it as `terminal` says. */
function stagesWith(terminal: () => Promise<void> = async () => {}) {
  const ends: { readonly progress: Progress; readonly reason: string }[] = [];
  const counted: string[] = [];
  const stages: Stages = {
    identify: () => PRINCIPAL,
    admit: () => () => {},
    resolve: () => ({ source: SOURCE, destination: DESTINATION }),
    decide: ({ call }) => (call.action === 'kms:ReEncrypt' ? ALLOW : { ...ALLOW, rule: 'check' }),
    forward: async () => ANSWER,
    confirm,
    record: {
      intent: async () => {},
      turnedAway: () => {},
      terminal(progress, refusal) {
        ends.push({ progress, reason: refusal?.reason ?? 'OK' });
        return terminal();
      },
    },
    count: (_, refusal) => counted.push(refusal?.reason ?? 'OK'),
  };
  return { stages, counted, ends, reasons: () => ends.map(({ reason }) => reason) };
}

const SPINES = { createPipeline, createCheck };

test.for(['createPipeline', 'createCheck'] as const)(
  '%s: an end that is not recorded is not followed by a second end: the log may have the first',
  async (spine) => {
    const silent = new Refusal('AUDIT_UNAVAILABLE');
    const { stages, counted, reasons } = stagesWith(() => Promise.reject(silent));
    await expect(SPINES[spine](stages)(callOf(1))).rejects.toBe(silent);
    const denying = { ...stages, decide: () => DENY };
    await expect(SPINES[spine](denying)(callOf(2))).rejects.toBe(silent);
    expect(reasons()).toEqual(['OK', 'POLICY_DENIED']);
    expect(counted).toEqual(['AUDIT_UNAVAILABLE', 'AUDIT_UNAVAILABLE']);
  },
);

test('a check whose caller has gone leaves the decision on the check itself, as each of its refusals does', async () => {
  const gone = new Refusal('CANCELLED');
  const { stages, ends } = stagesWith();
  const check = createCheck(stages);
  await check(callOf(1));
  await expect(check(callOf(2, { signal: AbortSignal.abort(gone) }))).rejects.toBe(gone);
  expect(ends).toMatchObject([
    { reason: 'OK', progress: { decision: { rule: ALLOW.rule } } },
    { reason: 'CANCELLED', progress: { decision: { rule: 'check' } } },
  ]);
});
