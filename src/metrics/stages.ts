import { AUDIT_CAUSES, type AuditCause } from '../audit-causes.ts';
import { COUNTED_KINDS, type CountedKind } from '../audit-kinds.ts';
import { SINK_NAMES, type SinkName } from '../sink-names.ts';
import { OVERFLOW } from './catalogue.ts';
import { add, cells } from './cells.ts';
import type { Series } from './series.ts';

/** Where key facts came from: the cache, KMS, or a cached "no such key". */
type Lookup = 'hit' | 'miss' | 'negative';
type BundleLoad = 'activated' | 'unchanged' | 'refused';
type ShadowResult = (typeof SHADOW_RESULTS)[number];

/** What the stages behind the spine report. */
export interface StageMetrics {
  /** @param ageMs Age of the facts, if they came from the cache. */
  keyLookup(result: Lookup, ageMs?: number): void;
  bundleLoad(result: BundleLoad): void;
  shadow(result: ShadowResult): void;
  auditEntry(kind: CountedKind): void;
  /** A batch of entries became durable, this many seconds after it was handed over. */
  auditCommit(seconds: number): void;
  /** Entries that a sink will never get. */
  auditDropped(sink: SinkName, count: number): void;
  /** The log could not do something. */
  auditFailure(cause: AuditCause): void;
}

const SHADOW_RESULTS = [
  'same',
  'allow_to_deny',
  'deny_to_allow',
  'reasons',
  'failed',
  'dropped',
] as const;

export function createStageMetrics(series: Series): StageMetrics {
  const lookups = cells<Lookup>(['hit', 'miss', 'negative'], (result) =>
    series.counter('kms_reencrypt_key_cache_lookups_total', { result }),
  );
  const loads = cells<BundleLoad>(['activated', 'unchanged', 'refused'], (result) =>
    series.counter('kms_reencrypt_bundle_loads_total', { result }),
  );
  const shadows = cells<ShadowResult>(SHADOW_RESULTS, (result) =>
    series.counter('kms_reencrypt_shadow_decisions_total', { result }),
  );
  const kinds = cells(COUNTED_KINDS, (kind) =>
    series.counter('kms_reencrypt_audit_entries_total', { kind }),
  );
  const causes = cells<string>([...AUDIT_CAUSES, OVERFLOW], (cause) =>
    series.counter('kms_reencrypt_audit_failures_total', { cause }),
  );
  const drops = cells(SINK_NAMES, (sink) =>
    series.counter('kms_reencrypt_audit_dropped_total', { sink }),
  );
  const observeAge = series.histogram('kms_reencrypt_key_cache_age_seconds');
  const observeCommit = series.histogram('kms_reencrypt_audit_commit_seconds');

  return {
    keyLookup(result, ageMs) {
      add(lookups, result);
      if (ageMs !== undefined) observeAge(ageMs / 1e3);
    },
    bundleLoad: (result) => add(loads, result),
    shadow: (result) => add(shadows, result),
    auditEntry: (kind) => add(kinds, kind),
    auditCommit: observeCommit,
    auditDropped: (sink, count) => add(drops, sink, count),
    auditFailure: (cause) => add(causes, cause),
  };
}
