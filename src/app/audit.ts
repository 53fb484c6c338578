import { dirname, resolve } from 'node:path';
import type { Audit } from '../audit/assemble.ts';
import { createAudit } from '../audit/create-audit.ts';
import { type AuditOptions, originOf } from '../audit/options.ts';
import { type CheckpointPost, createCheckpointPost } from '../audit/sinks/checkpoint-post.ts';
import type { Config } from '../config/schema.ts';
import type { Kms } from '../kms/port.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { DecisionPoint } from '../policy/point.ts';
import { VERSION } from '../version.ts';
import { createKmsSigner } from './checkpoint-signer.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';
import { watchVolume } from './volume.ts';

interface AuditParts {
  readonly around: Surroundings;
  /** May hold the key that signs checkpoints. */
  readonly kms: Kms;
  readonly metrics: Metrics;
  /** Its mask may remove more from entries. */
  readonly policy: Pick<DecisionPoint, 'mask' | 'masks'>;
}

/** Opens the audit log as the configuration says. */
export async function composeAudit(
  config: Config,
  { around, kms, metrics, policy }: AuditParts,
  opened: Stack,
): Promise<Audit> {
  const { checkpoint, origin } = config.audit;
  const exit = createExit(checkpoint, around, metrics);
  opened.push(exit.close);
  const { kms_key_id: keyId } = checkpoint;
  let sealedAt = 0;
  const audit = await createAudit({
    ...toOptions(config),
    signer: keyId ? await createKmsSigner({ kms, keyId, origin: originOf({ origin }) }) : undefined,
    evaluateMask: policy.mask,
    maskActive: policy.masks,
    onEntry: metrics.auditEntry,
    onCommit: (ms) => metrics.auditCommit(ms / 1e3),
    onFailure: metrics.auditFailure,
    onDropped: metrics.auditDropped,
    onCheckpoint(note) {
      sealedAt = Date.now();
      exit.put(note);
    },
    warn: (sentence) => around.log.warn(sentence),
    now: Date.now,
  });
  opened.push(audit.close);
  metrics.read({
    auditVolume: watchVolume(dirname(resolve(config.audit.file)), opened),
    auditQueue: () => audit.status().queued,
    auditUndelivered: () => audit.status().undelivered,
    auditSuspended: () => audit.status().state === 'suspended',
    auditLastCheckpoint: () => sealedAt,
  });
  // For verifiers: off the host, only this line shows a key that was given, or that has changed.
  around.log.info({ vkey: audit.status().vkey }, 'audit: entries are signed for by this key');
  return audit;
}

function toOptions({ audit, kms: { backend, aws } }: Config) {
  const { rotate, checkpoint, decision_log: decisionLog } = audit;
  return {
    file: audit.file,
    durability: audit.durability,
    labels: { backend, version: VERSION, ...(aws.allow_embedded && { allow_embedded: 'true' }) },
    origin: audit.origin,
    signingKeyFile: checkpoint.signing_key_file,
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
      'decision-log': decisionLog && {
        url: decisionLog.url,
        tokenFile: decisionLog.token_file,
        timeoutMs: decisionLog.timeout_ms,
        batchBytes: decisionLog.batch_bytes,
      },
    },
  } satisfies Partial<AuditOptions>;
}

/** How checkpoints leave the host: our own log or standard output, which someone ships, and by HTTP. */
function createExit(
  { stdout, post }: Config['audit']['checkpoint'],
  { log, print }: Surroundings,
  metrics: Metrics,
): CheckpointPost {
  const service =
    post &&
    createCheckpointPost({
      url: post.url,
      tokenFile: post.token_file,
      timeoutMs: post.timeout_ms,
      onError(message) {
        metrics.auditFailure('UNDELIVERED');
        log.warn(message);
      },
    });
  return {
    put(note) {
      if (stdout) print(JSON.stringify({ checkpoint: note }));
      else log.info({ checkpoint: note }, 'audit checkpoint');
      service?.put(note);
    },
    close: async () => service?.close(),
  };
}
