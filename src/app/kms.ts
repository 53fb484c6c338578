import type { Config } from '../config/schema.ts';
import type { AwsOptions } from '../kms/aws/backend.ts';
import type { EmbeddedKms } from '../kms/embedded/embedded.ts';
import { refuseFaults } from '../kms/faults.ts';
import { guardKms } from '../kms/guard/guard.ts';
import type { Kms } from '../kms/port.ts';
import { createGate } from '../limits/gate.ts';
import { createKeyedBuckets } from '../limits/keyed-buckets.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { bucket } from './limits.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';

interface KmsParts {
  readonly around: Surroundings;
  readonly metrics: Metrics;
}

/** The KMS behind the proxy: its methods are measured and reject with Refusals. */
interface Backend {
  readonly kms: Kms;
  /** Where the backend is the embedded one, for its own operations and the demo's ciphertexts. */
  readonly embedded: EmbeddedKms | undefined;
}

/** Each backend is imported only if it is used: the AWS SDK alone takes a fifth of the start-up time. */
export async function composeKms(config: Config, parts: KmsParts, opened: Stack): Promise<Backend> {
  parts.metrics.read({ embeddedKeysAllowed: () => config.kms.aws.allow_embedded });
  const backend = await COMPOSE[config.kms.backend](config, parts);
  opened.push(() => backend.kms.close());
  return backend;
}

async function composeEmbedded(config: Config, { around: { log, env }, metrics }: KmsParts) {
  const { createEmbeddedBackend } = await import('../kms/embedded/backend.ts');
  const { openEmbeddedKms } = await import('../kms/embedded/open.ts');
  const warn = (sentence: string) => log.warn(sentence);
  const embedded = openEmbeddedKms(config.kms.embedded, { env, warn });
  return { kms: refuseFaults(metrics.kms.measure(createEmbeddedBackend(embedded))), embedded };
}

async function composeAws(
  { kms, limits }: Config,
  { around: { log, env }, metrics }: KmsParts,
): Promise<Backend> {
  const warn = (sentence: string) => log.warn(sentence);
  const onCredentials: AwsOptions['onCredentials'] = ({ endsAt, failing }) =>
    metrics.read({ credentialsExpiry: () => endsAt, credentialsFailing: () => failing });
  const aws = await openAws(kms.aws, { env, warn, onCredentials });
  const told = (state: string) => {
    log.warn({ state }, 'the circuit breaker towards KMS');
    metrics.read({ breaker: () => state });
  };
  return { kms: refuseFaults(guard(metrics.kms.measure(aws), limits, told)), embedded: undefined };
}

const COMPOSE: Readonly<Record<Config['kms']['backend'], typeof composeAws>> = {
  aws: composeAws,
  embedded: composeEmbedded,
};

type AwsSurroundings = Pick<AwsOptions, 'env' | 'warn' | 'onCredentials'>;

export async function openAws(config: Config['kms']['aws'], around: AwsSurroundings): Promise<Kms> {
  const { createAwsBackend } = await import('../kms/aws/backend.ts');
  const { region, endpoint, transport, allow_embedded: allowEmbedded } = config;
  return createAwsBackend({ region, endpoint, transport, allowEmbedded, ...around });
}

/** Wraps the measured KMS, so that a retry is measured as a separate request. */
function guard(kms: Kms, limits: Config['limits'], onBreaker: (state: string) => void): Kms {
  const { max_in_flight: maxInFlight, max_queue: maxQueue, ...towards } = limits.kms;
  return guardKms({
    kms,
    limits: { maxInFlight, retryRatio: towards.retry_ratio },
    createPlaces: (current) =>
      createGate({ maxInFlight: current, maxQueue, maxWaitMs: towards.max_wait_ms }),
    keyTokens: createKeyedBuckets(bucket(limits.per_key)),
    onBreaker,
    now: () => performance.now(),
    random: Math.random,
  });
}
