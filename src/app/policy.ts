import { isService } from '../addresses/location.ts';
import { isPrivate } from '../addresses/loopback.ts';
import type { Audit } from '../audit/assemble.ts';
import type { Config } from '../config/schema.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { toLimits } from '../policy/limits.ts';
import type { ReloadEvent } from '../policy/loading/loader.ts';
import { createDecisionPoint, type DecisionPoint } from '../policy/point.ts';
import type { ShadowEvent } from '../policy/shadow/shadow.ts';
import { toBundleOptions, toVerification } from './policy-options.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';

/** The decision point, which also records what no call does: reloads and a candidate's differences. */
export interface Policy extends DecisionPoint {
  /** Called once the audit log is open; that gets earlier reloads too. */
  recordIn(audit: EventLog): void;
}

type EventLog = Pick<Audit, 'event'>;

interface PolicyParts {
  readonly log: Surroundings['log'];
  readonly metrics: Metrics;
  audit?: EventLog;
  /** Reloads from before the audit log was open. */
  readonly early: Reload[];
}

type Reload = Omit<ReloadEvent, 'afterRefusal'> & { readonly policy: string };

/** The decision point as configured; its events go to the log, the metrics and the audit log. */
export async function composePolicy(
  config: Config['policy'],
  { around: { log }, metrics }: { around: Surroundings; metrics: Metrics },
  opened: Stack,
): Promise<Policy> {
  const parts: PolicyParts = { log, metrics, early: [] };
  warn(config, log);
  const point = await createDecisionPoint({
    source: config.source,
    limits: toLimits(config.timeout_ms, config.memory_mib),
    enforce: config.enforce,
    candidate: config.candidate,
    captureFile: config.capture_file,
    verification: config.signing && (await toVerification(config.signing)),
    bundle: await toBundleOptions(config),
    now: Date.now,
    onReload: (event, which) => tellReload(parts, event, which),
    onShadow: (event) => tellShadow(parts, event),
    onShadowDropped: () => metrics.shadow('dropped'),
  });
  opened.push(() => point.close());
  metrics.read({
    bundleRevision: () => point.status().revision,
    candidateRevision: () => point.status().candidate?.revision ?? '',
    bundleLastSuccess: () => point.status().lastSuccess,
    bundleExpiry: () => point.status().ends,
    bundleRefused: () => point.status().refused,
    bundleStale: () => point.status().stale,
    observeMode: () => !config.enforce,
  });
  return {
    ...point,
    recordIn(audit) {
      parts.audit = audit;
      for (const reload of parts.early.splice(0)) recordReload(audit, reload);
    },
  };
}

/** What the settings allow, and whoever reads the log should know of. */
function warn(config: Config['policy'], log: Surroundings['log']): void {
  if (!config.enforce)
    log.warn('observe mode: what the policy denies is recorded, but performed anyway');
  if (config.capture_file !== undefined) {
    log.warn('policy.capture_file records the values of encryption contexts in clear');
  }
  if (!config.signing && isOpenToOthers(config.source)) {
    log.warn(
      'policy.source is fetched by plain http and is not signed: whoever is on the way can replace the policy. Use https, or policy.signing.',
    );
  }
}

function isOpenToOthers(source: string): boolean {
  const url = isService(source) ? URL.parse(source) : null;
  return url !== null && !isPrivate(url);
}

function tellReload(parts: PolicyParts, event: ReloadEvent, which: string): void {
  const { log, metrics, audit, early } = parts;
  const { afterRefusal, ...told } = event;
  const { outcome, revision, sentence } = told;
  if (which === 'serving') metrics.bundleLoad(outcome);
  if (outcome === 'unchanged') {
    if (afterRefusal) log.info({ which, revision }, 'policy is again the one that serves');
    return;
  }
  if (outcome === 'refused') {
    log.error({ which, serving: revision }, `policy refused: ${sentence}`);
  } else {
    log.info({ which, revision }, `policy activated${sentence === '' ? '' : `: ${sentence}`}`);
  }
  const reload = { policy: which, ...told };
  if (audit) recordReload(audit, reload);
  else early.push(reload);
}

function recordReload(audit: EventLog, reload: Reload): void {
  void audit.event('reload', { reload }).catch(() => {});
}

/** Only differences get an entry: the candidate's decision beside the one that was served. */
function tellShadow({ metrics, audit }: PolicyParts, event: ShadowEvent): void {
  const { decisionId, comparison, candidate, revision, served } = event;
  metrics.shadow(comparison);
  if (comparison === 'same') return;
  const shadow = {
    comparison,
    revision,
    effect: candidate.effect,
    failure: candidate.failure,
    rule: candidate.rule,
    reasons: candidate.reasons.map(({ code, side }) => ({ code, side })),
    served: { revision: served.revision, effect: served.effect, rule: served.rule },
  };
  void audit?.event('shadow', { decision_id: decisionId, shadow }).catch(() => {});
}
