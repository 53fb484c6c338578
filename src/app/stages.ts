import type { Config } from '../config/schema.ts';
import { cacheLookUps, type KeyCache } from '../keys/cache.ts';
import { createLookUp } from '../keys/look-up.ts';
import { createResolve } from '../keys/resolve.ts';
import { confirm } from '../kms/confirm.ts';
import { createForward } from '../kms/forward.ts';
import { createAdmission } from '../limits/admit.ts';
import { whenIdle } from '../limits/when-idle.ts';
import type { Stages } from '../stages.ts';
import { createCauseLog } from './causes.ts';
import { createCohorts } from './cohort.ts';
import { composeIdentify } from './identity.ts';
import { admitLimits } from './limits.ts';
import type { Parts } from './parts.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';

/** Calls that were cut end at once, but for those that wait for a sink: the log has their end already. */
const LAST_ENDS_MS = 250;

/** The stages of the spines, each with what it needs and no more. */
export async function composeStages(
  config: Config,
  { parts, around }: { parts: Parts; around: Surroundings },
  opened: Stack,
): Promise<Stages> {
  const { kms, policy, audit, metrics, turnedAway } = parts;
  const admission = createAdmission(admitLimits(config.limits), () => performance.now());
  const inCohorts = createCohorts();
  const keys = composeKeys(config.keys, parts);
  const logCause = createCauseLog(around.log, () => performance.now());
  // The ends of calls that the doors have cut belong into the log, which closes after this.
  opened.push(() => whenIdle(admission, LAST_ENDS_MS));
  return {
    identify: await composeIdentify(config.identity, { around, tls: parts.tls, metrics }, opened),
    admit: admission.admit,
    // What follows these two stages is the proxy's own work (judge, confirm, record), not a wait.
    resolve: inCohorts(createResolve(keys.lookUp)),
    decide: policy.decide,
    forward: inCohorts(createForward({ kms, keyIds: config.keys.forward })),
    confirm: confirmOrForget(keys),
    record: { intent: audit.intent, terminal: audit.terminal, turnedAway },
    count(progress, refusal) {
      metrics.count(progress, refusal);
      logCause(progress, refusal);
    },
  };
}

function composeKeys(config: Config['keys'], { kms, metrics }: Parts): KeyCache {
  const { describe, tags, aliases, own_account: ownAccount = '', ttl_ms: ttlMs } = config;
  const lookUp = createLookUp(kms, { describe, tags, aliases, ownAccount });
  return cacheLookUps(lookUp, {
    ttlMs,
    negativeTtlMs: Math.min(ttlMs, 5_000),
    maxEntries: 10_000,
    lookUpMs: 5_000,
    now: () => performance.now(),
    onLookUp: metrics.keyLookup,
  });
}

/** Forgets the keys on a mismatch: if an alias has moved to another key, only calls under way fail. */
function confirmOrForget({ forget }: KeyCache): Stages['confirm'] {
  return (permit, answer) => {
    try {
      confirm(permit, answer);
    } catch (mismatch) {
      forget(permit.keys.source);
      forget(permit.keys.destination);
      throw mismatch;
    }
  };
}
