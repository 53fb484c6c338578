import type { Audit } from '../audit/assemble.ts';
import type { Config } from '../config/schema.ts';
import type { Refusal } from '../errors.ts';
import type { EmbeddedKms } from '../kms/embedded/embedded.ts';
import type { Kms } from '../kms/port.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import { VERSION } from '../version.ts';
import { composeAudit } from './audit.ts';
import { composeKms } from './kms.ts';
import { composePolicy, type Policy } from './policy.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';
import { composeTls, type ServerTls } from './tls.ts';

/** What the stages and the doors are made of, opened and ready. */
export interface Parts {
  readonly metrics: Metrics;
  readonly kms: Kms;
  /** Where the backend is the embedded KMS, for its own operations. */
  readonly embedded: EmbeddedKms | undefined;
  readonly policy: Policy;
  readonly audit: Audit;
  readonly tls: ServerTls | undefined;
  /** Records and counts a refusal before identity. */
  readonly turnedAway: (refusal: Refusal) => void;
}

/** Each tells the gauges about itself, by `metrics.read`, and puts its end on the stack. */
export async function composeParts(
  config: Config,
  around: Surroundings,
  opened: Stack,
): Promise<Parts> {
  const metrics = createMetrics({ version: VERSION, backend: config.kms.backend });
  const { kms, embedded } = await composeKms(config, { around, metrics }, opened);
  const policy = await composePolicy(config.policy, { around, metrics }, opened);
  const audit = await composeAudit(config, { around, kms, metrics, policy }, opened);
  policy.recordIn(audit);
  const turnedAway = (refusal: Refusal) => {
    audit.turnedAway(refusal);
    metrics.turnedAway(refusal);
  };
  const tls = await composeTls(config, { around, metrics }, opened);
  return { metrics, kms, embedded, policy, audit, tls, turnedAway };
}
