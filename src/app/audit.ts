import { type Audit, createAudit } from '../audit/create-audit.ts';
import { originOf } from '../audit/options.ts';
import type { Config } from '../config/schema.ts';
import type { Kms } from '../kms/port.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { DecisionPoint } from '../policy/point.ts';
import { VERSION } from '../version.ts';
import { createKmsSigner } from './checkpoint-signer.ts';
import type { Surroundings } from './surroundings.ts';

interface AuditParts {
  /** May hold the key that signs checkpoints. */
  readonly kms: Kms;
  readonly metrics: Metrics;
  /** Its mask may take more out of entries. */
  readonly policy: Pick<DecisionPoint, 'mask' | 'masks'>;
  /** Told of every checkpoint. */
  readonly onSealed: () => void;
}

/** Opens the audit log as the configuration says. Each checkpoint also goes to our own log, and so off the host. */
export async function composeAudit(
  { audit, kms: { backend, aws } }: Config,
  { log }: Surroundings,
  { kms, metrics, policy, onSealed }: AuditParts,
): Promise<Audit> {
  const { rotate, checkpoint, decision_log: decisionLog } = audit;
  const { kms_key_id: keyId } = checkpoint;
  return createAudit({
    file: audit.file,
    durability: audit.durability,
    backend,
    version: VERSION,
    labels: aws.allow_embedded ? { allow_embedded: 'true' } : {},
    origin: audit.origin,
    signingKeyFile: checkpoint.signing_key_file,
    signer: keyId ? await createKmsSigner({ kms, keyId, origin: originOf(audit) }) : undefined,
    hmacKeyFile: audit.hmac_key_file,
    clearContextKeys: audit.clear_context_keys,
    onBrokenChain: audit.on_broken_chain,
    maxBytes: rotate.max_bytes,
    maxAgeMs: rotate.max_age_ms,
    keepSegments: rotate.keep_segments,
    keepMs: rotate.keep_ms,
    checkpointEntries: checkpoint.every_entries,
    checkpointMs: checkpoint.every_ms,
    commitTimeoutMs: audit.commit_timeout_ms,
    maxQueue: audit.max_queue,
    sinks: {
      stdout: audit.stdout,
      required: audit.required,
      maxBehind: audit.max_behind,
      decisionLog: decisionLog && {
        url: decisionLog.url,
        tokenFile: decisionLog.token_file,
        timeoutMs: decisionLog.timeout_ms,
        batchBytes: decisionLog.batch_bytes,
      },
    },
    evaluateMask: policy.mask,
    maskActive: policy.masks,
    onEntry: metrics.auditEntry,
    onFailure: metrics.auditFailure,
    onCheckpoint(note) {
      onSealed();
      log.info({ checkpoint: note }, 'audit checkpoint');
    },
    warn: (sentence) => log.warn(sentence),
    now: Date.now,
  });
}
