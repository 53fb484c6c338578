/** Describes one metric; docs/metrics.md is generated from this table. */
export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in seconds, for histograms. */
  readonly buckets?: readonly number[];
}

const counter = (help: string, ...labels: string[]): MetricSpec => ({
  type: 'counter',
  help,
  labels,
});
const gauge = (help: string, ...labels: string[]): MetricSpec => ({ type: 'gauge', help, labels });
const histogram = (help: string, buckets: readonly number[], ...labels: string[]): MetricSpec => ({
  type: 'histogram',
  help,
  labels,
  buckets,
});

/** Those of go-grpc-prometheus, so that dashboards made for it work. */
const GRPC_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const POLICY_SECONDS = [0.00001, 0.000025, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1];
const KMS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 2];
const AGE_SECONDS = [1, 5, 15, 30, 45, 60];

const METHOD = ['grpc_type', 'grpc_service', 'grpc_method'];

// biome-ignore format: a table reads best with a metric a line.
export const METRICS = {
  grpc_server_started_total: counter('RPCs started on the server.', ...METHOD),
  grpc_server_handled_total: counter('RPCs completed on the server, by status code.', ...METHOD, 'grpc_code'),
  grpc_server_msg_received_total: counter('Messages received from clients.', ...METHOD),
  grpc_server_msg_sent_total: counter('Messages sent to clients.', ...METHOD),
  grpc_server_handling_seconds: histogram('Seconds from the start of an RPC to its status.', GRPC_SECONDS, ...METHOD),

  kms_reencrypt_connections_refused_total: counter('Connections turned away, or cut because others needed the place, by door and why.', 'door', 'why'),

  kms_reencrypt_http_requests_total: counter('Requests answered on the KMS JSON endpoint, by operation and HTTP status.', 'operation', 'status'),
  kms_reencrypt_http_request_seconds: histogram('Seconds that a request on the KMS JSON endpoint took.', GRPC_SECONDS),
  kms_reencrypt_in_flight_calls: gauge('Calls that have begun and not ended, without those of Health and Reflection.', 'transport'),

  kms_reencrypt_calls_total: counter('Identified calls by how they ended; one terminal audit entry each.', 'transport', 'outcome', 'reason'),
  kms_reencrypt_turned_away_total: counter('Calls refused before a principal was known or by a limit.', 'reason'),

  kms_reencrypt_decisions_total: counter('What policy decided, by effect, reason, rule of the policy and side of the call.', 'effect', 'reason', 'rule', 'side'),
  kms_reencrypt_policy_seconds: histogram('Seconds that one evaluation of the policy took.', POLICY_SECONDS),
  kms_reencrypt_observe_mode: gauge('1 while policy denials are recorded and not enforced.'),
  kms_reencrypt_shadow_decisions_total: counter('Evaluations of the candidate bundle, by comparison with the serving one.', 'result'),
  kms_reencrypt_bundle_info: gauge('1 for the bundle that serves.', 'revision'),
  kms_reencrypt_candidate_info: gauge('1 for the candidate bundle; no series if none is loaded.', 'revision'),
  kms_reencrypt_bundle_loads_total: counter('Attempts to load a bundle, by result; an attempt that found none counts as refused.', 'result'),
  kms_reencrypt_bundle_last_success_timestamp_seconds: gauge('When the source of the bundle last answered successfully, in Unix time; 0 before that.'),
  kms_reencrypt_bundle_expiry_timestamp_seconds: gauge('When the serving bundle expires (not_after), in Unix time; 0 if never.'),
  kms_reencrypt_bundle_refused: gauge('1 from when a bundle was refused, or could not be fetched, until the source has a good one; the last good one serves meanwhile.'),
  kms_reencrypt_bundle_stale: gauge('1 while the bundle is older than it may be and every call is refused.'),

  kms_reencrypt_kms_seconds: histogram('Seconds from a request to KMS to its answer; a retry counts by itself.', KMS_SECONDS, 'operation'),
  kms_reencrypt_kms_attempts_total: counter('Requests made to KMS, retries included.', 'operation'),
  kms_reencrypt_kms_errors_total: counter('KMS operations that failed, by the name of the error.', 'operation', 'error'),
  kms_reencrypt_breaker_open: gauge('1 from when the circuit breaker keeps calls from KMS, after repeated failures, until one has got through.'),
  kms_reencrypt_credentials_expiry_timestamp_seconds: gauge('When the AWS credentials that sign calls end, in Unix time; 0 if never, or if there are none yet.'),
  kms_reencrypt_credentials_failing: gauge('1 from when AWS credentials could not be renewed until they are; calls are signed with those at hand until they end.'),
  kms_reencrypt_embedded_backend: gauge('1 if the embedded KMS serves instead of AWS.'),
  kms_reencrypt_embedded_keys_allowed: gauge('1 if keys of an embedded KMS are accepted behind the AWS backend.'),

  kms_reencrypt_key_cache_lookups_total: counter('Look-ups of key facts, by result.', 'result'),
  kms_reencrypt_key_cache_age_seconds: histogram('Age of the key facts that were served from the cache.', AGE_SECONDS),

  kms_reencrypt_audit_entries_total: counter('Audit entries of calls and of the process made durable, by kind; entries about the log itself are not counted.', 'kind'),
  kms_reencrypt_audit_failures_total: counter('Failures of the audit log, by cause: suspensions, entries that a full queue refused, failed masks, checkpoints not made, checkpoints and entries not delivered, and segments not closed or not deleted.', 'cause'),
  kms_reencrypt_audit_dropped_total: counter('Audit entries that a sink other than the file will never get.', 'sink'),
  kms_reencrypt_audit_queue_entries: gauge('Audit entries waiting for the disk.'),
  kms_reencrypt_audit_undelivered_entries: gauge('Audit entries of this start that a sink other than the file has not taken yet.', 'sink'),
  kms_reencrypt_audit_commit_seconds: histogram('Seconds that a batch of entries took to become durable.', COMMIT_SECONDS),
  kms_reencrypt_audit_suspended: gauge('1 while no entry can be made durable, or a required sink lacks some, and every call is refused.'),
  kms_reencrypt_audit_last_checkpoint_timestamp_seconds: gauge('When the last checkpoint was signed, in Unix time; 0 before the first.'),
  kms_reencrypt_audit_volume_free_bytes: gauge('Bytes that the proxy may still write to the volume of the audit log; no series if unknown.'),
  kms_reencrypt_audit_volume_size_bytes: gauge('Bytes of that volume in all.'),

  kms_reencrypt_token_keys_missing: gauge('1 while there are no keys to verify bearer tokens with, so every token is refused.'),
  kms_reencrypt_certificate_expiry_timestamp_seconds: gauge('When the certificate of a listener expires, in Unix time.', 'listener'),
  kms_reencrypt_build_info: gauge('1, with what is running as labels.', 'version', 'node_version', 'backend'),
} as const satisfies Record<string, MetricSpec>;

export type MetricName = keyof typeof METRICS;

/** The label for values that are unknown or beyond a bound. */
export const OVERFLOW = '_other';

/** At most this many names of policy rules become label values; later ones count as `_other`. */
export const RULES_AT_MOST = 64;

// biome-ignore format: a list reads best packed.
/** Known errors of KMS and of the way to it, and why a call that waited was given up; others count as `_other`. */
export const KMS_ERRORS = [
  'AccessDeniedException', 'ConflictException', 'DependencyTimeoutException', 'DisabledException',
  'ExpiredTokenException', 'IncompleteSignature', 'IncorrectKeyException', 'InternalFailure',
  'InvalidArnException', 'InvalidCiphertextException', 'InvalidClientTokenId',
  'InvalidGrantTokenException', 'InvalidKeyUsageException', 'InvalidSignatureException',
  'KMSInternalException', 'KMSInvalidStateException', 'KeyUnavailableException',
  'LimitExceededException', 'MissingAuthenticationTokenException', 'NotFoundException',
  'OptInRequired', 'RequestExpired', 'ServiceUnavailable', 'ThrottlingException',
  'UnrecognizedClientException', 'ValidationException', 'CredentialsProviderError', 'TimeoutError',
  'DEADLINE_EXCEEDED', 'CANCELLED', 'MalformedAnswer', 'EAI_AGAIN', 'ECONNABORTED', 'ECONNREFUSED',
  'ECONNRESET', 'EHOSTUNREACH', 'EMFILE', 'ENETUNREACH', 'ENOTFOUND', 'EPIPE', 'EPROTO',
  'ETIMEDOUT', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CERT_SIGNATURE_FAILURE', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID',
  'INVALID_CA', 'INVALID_PURPOSE', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
] as const;

/** The KMS operations that the proxy itself uses. */
export const KMS_OPERATIONS = [
  'ReEncrypt',
  'DescribeKey',
  'ListAliases',
  'ListResourceTags',
  'GetPublicKey',
  'Sign',
] as const;
export type KmsOperation = (typeof KMS_OPERATIONS)[number];
