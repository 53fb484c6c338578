import { isLoopback } from '../../addresses/loopback.ts';
import type { Kms } from '../port.ts';
import { type ClientOptions, createClient } from './client.ts';
import { createDirectTransport } from './direct-transport.ts';
import { checkEndpoint, ignoredEndpoints } from './endpoint.ts';
import { createKeyPairs } from './key-pairs.ts';
import { createKeyReads } from './key-reads.ts';
import { refuseEmbedded } from './refuse-embedded.ts';
import { refuseEndless } from './refuse-endless.ts';
import { createRenewal } from './renewal.ts';
import type { CredentialsWatch } from './renewed-credentials.ts';
import { createSdkTransport } from './sdk-transport.ts';

export interface AwsOptions extends ClientOptions {
  /** How a ReEncrypt travels: `direct` costs a fraction, `sdk` is the SDK's own way. */
  readonly transport?: 'direct' | 'sdk' | undefined;
  /** Let keys and ciphertexts of an embedded KMS pass; needs a loopback endpoint. */
  readonly allowEmbedded?: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called with a sentence for each environment variable that is ignored, and when credentials cannot be renewed. */
  readonly warn: (sentence: string) => void;
  readonly onCredentials?: CredentialsWatch['onCredentials'];
}

/**
 * AWS KMS. Resolves once region and endpoint are known, so that a setting that cannot work fails the
 * start and not the first call. @throws Error naming the setting
 */
export async function createAwsBackend(options: AwsOptions): Promise<Kms> {
  const { endpoint, transport = 'direct', allowEmbedded = false, env, warn } = options;
  const url = endpoint === undefined ? undefined : checkEndpoint(endpoint);
  if (allowEmbedded && (url === undefined || !isLoopback(url.hostname))) {
    throw new Error('kms.aws.allow_embedded: needs a loopback kms.aws.endpoint');
  }
  for (const sentence of ignoredEndpoints(env, url)) warn(sentence);

  await refuseEndless();
  const renewal = createRenewal();
  const client = createClient(options, renewal, options);
  await client.config.region().catch((cause: unknown) => {
    throw new Error('kms.aws.region: set it, or AWS_REGION', { cause });
  });
  const direct = transport === 'direct' ? await createDirectTransport(client, renewal) : undefined;
  const reads = createKeyReads(client);
  const pairs = createKeyPairs(client);
  const asks = {
    reEncrypt: direct?.reEncrypt ?? createSdkTransport(client),
    describeKey: reads.describeKey,
    getPublicKey: pairs.getPublicKey,
  };
  return {
    ...reads,
    ...pairs,
    ...(allowEmbedded ? asks : refuseEmbedded(asks)),
    async close() {
      client.destroy();
      direct?.close();
    },
  };
}
