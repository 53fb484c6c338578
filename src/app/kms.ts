import type { Config } from '../config/schema.ts';
import { createAwsBackend } from '../kms/aws/backend.ts';
import { createEmbeddedBackend } from '../kms/embedded/backend.ts';
import { createEmbeddedKms, type EmbeddedKms } from '../kms/embedded/embedded.ts';
import { readSeed } from '../kms/embedded/seed.ts';
import { refuseFaults } from '../kms/faults.ts';
import type { Kms } from '../kms/port.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Surroundings } from './surroundings.ts';

/** The KMS behind the proxy: its methods are measured and reject with Refusals. */
export interface Backend {
  readonly kms: Kms;
  /** Where the backend is the embedded one, for its own operations and the demo's ciphertexts. */
  readonly embedded: EmbeddedKms | undefined;
}

export async function composeKms(
  config: Config['kms'],
  { log, env }: Surroundings,
  metrics: Metrics,
): Promise<Backend> {
  if (config.backend === 'embedded') {
    const embedded = openEmbedded(config.embedded);
    return { kms: refuseFaults(metrics.kms.measure(createEmbeddedBackend(embedded))), embedded };
  }
  const { region, endpoint, transport, allow_embedded: allowEmbedded } = config.aws;
  const warn = (sentence: string) => log.warn(sentence);
  const aws = await createAwsBackend({ region, endpoint, transport, allowEmbedded, env, warn });
  return { kms: refuseFaults(metrics.kms.measure(aws)), embedded: undefined };
}

function openEmbedded({ seed }: Config['kms']['embedded']): EmbeddedKms {
  return createEmbeddedKms({
    region: 'us-east-1',
    account: '000000000000',
    now: Date.now,
    seed: seed === undefined ? undefined : readSeed(seed),
  });
}
