import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Audit } from '../audit/create-audit.ts';
import type { Config } from '../config/schema.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Verification } from '../policy/bundle/signature.ts';
import type { ReloadEvent } from '../policy/loader.ts';
import type { BundleOptions } from '../policy/open-loader.ts';
import { createDecisionPoint, type DecisionPoint } from '../policy/point.ts';
import type { ShadowEvent } from '../policy/shadow/shadow.ts';
import type { Surroundings } from './surroundings.ts';

/** The decision point, and where it writes what no call writes: reloads and a candidate's differences. */
export interface Policy extends DecisionPoint {
  /** Once the audit log is open; what happened before is in the process's own log. */
  recordIn(audit: EventLog): void;
}

type EventLog = Pick<Audit, 'event'>;

interface PolicyParts {
  readonly log: Surroundings['log'];
  readonly metrics: Metrics;
  audit?: EventLog;
}

/** The decision point of the configuration: told of in the log, the metrics and the audit log. */
export async function composePolicy(
  config: Config['policy'],
  { log }: Pick<Surroundings, 'log'>,
  metrics: Metrics,
): Promise<Policy> {
  const parts: PolicyParts = { log, metrics };
  if (!config.enforce)
    log.warn('observe mode: what policy denies is recorded and done all the same');
  if (config.capture_file !== undefined) {
    log.warn('policy.capture_file gets the values of encryption contexts in clear');
  }
  const point = await createDecisionPoint({
    source: config.source,
    timeoutMs: config.timeout_ms,
    memoryBytes: config.memory_mib * 1024 * 1024,
    enforce: config.enforce,
    candidate: config.candidate,
    captureFile: config.capture_file,
    verification: config.signing && toVerification(config.signing),
    bundle: toBundleOptions(config),
    onReload: (event, which) => tellReload(parts, event, which),
    onShadow: (event) => tellShadow(parts, event),
    onShadowDropped: () => metrics.shadow('dropped'),
  });
  metrics.read({
    bundleRevision: () => point.status().revision,
    bundleLastSuccess: () => point.status().lastSuccess,
    bundleStale: () => point.status().stale,
    observeMode: () => !config.enforce,
  });
  return {
    ...point,
    recordIn(audit) {
      parts.audit = audit;
    },
  };
}

function toVerification({ keys, keyid, scope }: Signing): Verification {
  const read = Object.entries(keys).map(([id, { algorithm, key_file: file }]) => {
    const key = createPublicKey(readFileSync(file));
    return [id, { algorithm, key }] as const;
  });
  return { keys: Object.fromEntries(read), scope, ...(keyid !== undefined && { keyId: keyid }) };
}

type Signing = NonNullable<Config['policy']['signing']>;

function toBundleOptions(config: Config['policy']): BundleOptions {
  const { polling, persist, ...files } = config.service;
  const { bearer_token_file: tokenFile } = files;
  return {
    maxBytes: config.size_limit_bytes,
    maxStalenessMs: config.max_staleness_ms,
    persist,
    service: {
      minDelayMs: polling.min_delay_seconds * 1_000,
      maxDelayMs: polling.max_delay_seconds * 1_000,
      longPollingTimeoutSeconds: polling.long_polling_timeout_seconds,
      ...(tokenFile !== undefined && {
        bearerToken: async () => (await readFile(tokenFile, 'utf8')).trim(),
      }),
      tls: {
        ...(files.ca_file !== undefined && { ca: readFileSync(files.ca_file) }),
        ...(files.cert_file !== undefined && { cert: readFileSync(files.cert_file) }),
        ...(files.key_file !== undefined && { key: readFileSync(files.key_file) }),
      },
    },
  };
}

function tellReload({ log, metrics, audit }: PolicyParts, event: ReloadEvent, which: string): void {
  const { outcome, revision, sentence } = event;
  if (which === 'serving') metrics.bundleLoad(outcome);
  if (outcome === 'unchanged') return;
  if (outcome === 'refused') log.error({ which, serving: revision }, `policy refused: ${sentence}`);
  else log.info({ which, revision }, 'policy activated');
  const reload = { policy: which, outcome, revision, sentence };
  void audit?.event('reload', { reload }).catch(() => {});
}

/** Only differences are worth an entry; what the candidate said stands beside what served. */
function tellShadow({ metrics, audit }: PolicyParts, event: ShadowEvent): void {
  const { comparison, candidate, revision, served, resolved } = event;
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
  void audit?.event('shadow', { decision_id: resolved.call.id, shadow }).catch(() => {});
}
