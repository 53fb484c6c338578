import { toMaskRules } from '../../mask-rules.ts';
import { messageOf } from '../../thrown.ts';
import { BundleFault } from '../bundle/fault.ts';
import type { Engine } from '../engine/engine.ts';
import type { PolicyInput } from '../input.ts';
import type { Judge } from '../judge.ts';
import { askMask } from '../mask.ts';
import { SAMPLES } from '../samples.ts';

/**
 * A mask that fails stops the call whose entry it is, so a wrong one would stop all of them: it must answer for
 * an entry about each sample, and for an outcome, which has neither input nor result. @throws BundleFault
 */
export function refuseMask(engine: Engine, entrypoint: number | undefined, judge: Judge): void {
  if (entrypoint === undefined) return;
  for (const [name, sample] of Object.entries(SAMPLES)) {
    ask(`the sample '${name}'`, entryAbout(sample, judge));
  }
  ask('an outcome', { ...CALL, kind: 'outcome', outcome: { code: 'OK', status: 'released' } });

  function ask(about: string, entry: object): void {
    try {
      toMaskRules(askMask(engine, Number(entrypoint), JSON.stringify(entry)));
    } catch (cause) {
      const why = messageOf(cause);
      throw new BundleFault(`the audit mask fails for ${about}: ${why}`, { cause });
    }
  }
}

const CALL = {
  decision_id: '00000000-0000-4000-8000-000000000000',
  timestamp: '2026-01-05T09:00:00.000Z',
};

/** As the audit log writes it, as far as a mask would ask. */
function entryAbout(sample: PolicyInput, judge: Judge): object {
  const { action, phase, principal, source, destination, request, time } = sample;
  const { effect, rule, reasons, labels } = judge(JSON.stringify(sample), time.unix_ms);
  return {
    ...CALL,
    kind: action === 'kms:ReEncrypt' ? 'intent' : 'check',
    bundles: { policy: { revision: 'sample' } },
    enforced: true,
    input: { action, phase, principal, source, destination, request },
    result: { allow: effect === 'allow', rule, reasons, labels },
    requested_by: request.peer,
  };
}
