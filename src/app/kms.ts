import type { Config } from '../config/schema.ts';
import type { EmbeddedKms } from '../kms/embedded/embedded.ts';
import { refuseFaults } from '../kms/faults.ts';
import { guardKms } from '../kms/guard/create-guard.ts';
import type { Kms } from '../kms/port.ts';
import { createGate } from '../limits/gate.ts';
import { createKeyedBuckets } from '../limits/keyed-buckets.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { bucket } from './limits.ts';
import type { Surroundings } from './surroundings.ts';

/** The KMS behind the proxy: its methods are measured and reject with Refusals. */
export interface Backend {
  readonly kms: Kms;
  /** Where the backend is the embedded one, for its own operations and the demo's ciphertexts. */
  readonly embedded: EmbeddedKms | undefined;
}

export async function composeKms(
  { kms: config, limits }: Pick<Config, 'kms' | 'limits'>,
  { log, env }: Surroundings,
  metrics: Metrics,
): Promise<Backend> {
  const warn = (sentence: string) => log.warn(sentence);
  // Each is loaded only where it serves: the AWS SDK alone is a fifth of the start.
  if (config.backend === 'embedded') {
    const { createEmbeddedBackend } = await import('../kms/embedded/backend.ts');
    const { openEmbeddedKms } = await import('../kms/embedded/open.ts');
    const embedded = openEmbeddedKms(config.embedded, { env, warn, now: Date.now });
    return { kms: refuseFaults(metrics.kms.measure(createEmbeddedBackend(embedded))), embedded };
  }
  const { createAwsBackend } = await import('../kms/aws/backend.ts');
  const { region, endpoint, transport, allow_embedded: allowEmbedded } = config.aws;
  const aws = await createAwsBackend({ region, endpoint, transport, allowEmbedded, env, warn });
  const told = (state: string) => {
    log.warn({ state }, 'the circuit breaker towards KMS');
    metrics.read({ breakerOpen: () => state === 'open' });
  };
  return { kms: refuseFaults(guard(metrics.kms.measure(aws), limits, told)), embedded: undefined };
}

/** Around what is measured, so that a second try counts as a request of its own. */
function guard(kms: Kms, limits: Config['limits'], onBreaker: (state: string) => void): Kms {
  const { max_in_flight: maxInFlight, max_queue: maxQueue, ...towards } = limits.kms;
  return guardKms({
    kms,
    limits: { maxInFlight, retryRatio: towards.retry_ratio },
    createPlaces: (current) =>
      createGate({ maxInFlight: current, maxQueue, maxWaitMs: towards.max_wait_ms }),
    takeToken: createKeyedBuckets(bucket(limits.per_key)).take,
    onBreaker,
    now: () => performance.now(),
    random: Math.random,
  });
}
