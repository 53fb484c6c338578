import process from 'node:process';
import type { GrpcMetrics } from './grpc.ts';
import type { HttpMetrics } from './http.ts';
import type { Sample, Series } from './series.ts';

/** Read by gauges at each scrape. Times are milliseconds since the Unix epoch, 0 for never. */
export interface Readings {
  /** Revision of the active bundle, '' if there is none. */
  bundleRevision(): string;
  /** The same for the candidate. */
  candidateRevision(): string;
  bundleLastSuccess(): number;
  /** When the active bundle must no longer be asked, 0 for never. */
  bundleExpiry(): number;
  /** Whether the last attempt to load one failed. */
  bundleRefused(): boolean;
  bundleStale(): boolean;
  observeMode(): boolean;
  /** `closed`, `open` or `half_open`. */
  breaker(): string;
  embeddedKeysAllowed(): boolean;
  credentialsExpiry(): number;
  credentialsFailing(): boolean;
  auditQueue(): number;
  /** Entries that each sink besides the file has not taken yet, by its name. */
  auditUndelivered(): Readonly<Record<string, number>>;
  auditSuspended(): boolean;
  auditLastCheckpoint(): number;
  /** Bytes on the volume of the log; undefined if unknown. */
  auditVolume(): { readonly free: number; readonly size: number } | undefined;
  /** When the certificate of each TLS listener expires, by the listener's name (`grpc`). */
  certificateExpiry(): Readonly<Record<string, number>>;
  tokenKeysMissing(): boolean;
}

interface GaugeOptions {
  readonly readings: Partial<Readings>;
  readonly grpc: GrpcMetrics;
  readonly http: HttpMetrics;
  readonly version: string;
  readonly backend: 'aws' | 'embedded';
}

/** Gauges keep no state: each is read from its source. */
export function createGauges(series: Series, options: GaugeOptions): void {
  const { readings, grpc, http, version, backend } = options;
  const build = { version, node_version: process.version, backend };

  series.gauge('kms_reencrypt_build_info', () => [{ labels: build, value: 1 }]);
  series.gauge('kms_reencrypt_embedded_backend', () => flag(backend === 'embedded'));
  series.gauge('kms_reencrypt_in_flight_calls', () => [
    { labels: { transport: 'grpc' }, value: grpc.inFlight() },
    { labels: { transport: 'kms_json' }, value: http.inFlight() },
  ]);

  series.gauge('kms_reencrypt_bundle_info', () => revision(readings.bundleRevision?.()));
  series.gauge('kms_reencrypt_candidate_info', () => revision(readings.candidateRevision?.()));
  series.gauge('kms_reencrypt_bundle_last_success_timestamp_seconds', () =>
    seconds(readings.bundleLastSuccess?.()),
  );
  series.gauge('kms_reencrypt_bundle_expiry_timestamp_seconds', () =>
    seconds(readings.bundleExpiry?.()),
  );
  series.gauge('kms_reencrypt_bundle_refused', () => flag(readings.bundleRefused?.()));
  series.gauge('kms_reencrypt_bundle_stale', () => flag(readings.bundleStale?.()));
  series.gauge('kms_reencrypt_observe_mode', () => flag(readings.observeMode?.()));
  // Half open is no end of it: where KMS hangs, the one call that may ask takes as long as the breaker is open.
  series.gauge('kms_reencrypt_breaker_open', () => {
    const state = readings.breaker?.() ?? 'closed';
    return flag(state !== 'closed');
  });
  series.gauge('kms_reencrypt_embedded_keys_allowed', () => flag(readings.embeddedKeysAllowed?.()));

  series.gauge('kms_reencrypt_credentials_expiry_timestamp_seconds', () =>
    seconds(readings.credentialsExpiry?.()),
  );
  series.gauge('kms_reencrypt_credentials_failing', () => flag(readings.credentialsFailing?.()));

  createAuditGauges(series, readings);
  series.gauge('kms_reencrypt_token_keys_missing', () => flag(readings.tokenKeysMissing?.()));
  series.gauge('kms_reencrypt_certificate_expiry_timestamp_seconds', () =>
    Object.entries(readings.certificateExpiry?.() ?? {}).map(([listener, at]) => ({
      labels: { listener },
      value: at / 1e3,
    })),
  );
}

function createAuditGauges(series: Series, readings: Partial<Readings>): void {
  series.gauge('kms_reencrypt_audit_queue_entries', () => [
    { value: readings.auditQueue?.() ?? 0 },
  ]);
  series.gauge('kms_reencrypt_audit_undelivered_entries', () =>
    Object.entries(readings.auditUndelivered?.() ?? {}).map(([sink, value]) => ({
      labels: { sink },
      value,
    })),
  );
  series.gauge('kms_reencrypt_audit_suspended', () => flag(readings.auditSuspended?.()));
  series.gauge('kms_reencrypt_audit_last_checkpoint_timestamp_seconds', () =>
    seconds(readings.auditLastCheckpoint?.()),
  );
  series.gauge('kms_reencrypt_audit_volume_free_bytes', () =>
    known(readings.auditVolume?.()?.free),
  );
  series.gauge('kms_reencrypt_audit_volume_size_bytes', () =>
    known(readings.auditVolume?.()?.size),
  );
}

function flag(on = false): Sample[] {
  return [{ value: on ? 1 : 0 }];
}

function known(value: number | undefined): Sample[] {
  return value === undefined ? [] : [{ value }];
}

function seconds(at = 0): Sample[] {
  return [{ value: at / 1e3 }];
}

function revision(name = ''): Sample[] {
  return name === '' ? [] : [{ labels: { revision: name.slice(0, 128) }, value: 1 }];
}
