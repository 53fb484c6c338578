import type { Config } from '../config/schema.ts';
import { readRegular } from '../files/regular.ts';
import type { Verification, VerificationKey } from '../policy/bundle/signature.ts';
import { readVerificationKey } from '../policy/bundle/verification-key.ts';
import type { BundleOptions } from '../policy/loading/open-loader.ts';
import type { ServiceTls } from '../policy/sources/download.ts';
import { ofSetting } from './of-setting.ts';

type Signing = NonNullable<Config['policy']['signing']>;

export async function toVerification({
  keys,
  keyid: keyId,
  scope,
}: Signing): Promise<Verification> {
  const read: Record<string, VerificationKey> = {};
  for (const [id, key] of Object.entries(keys)) read[id] = await publicKeyOf(id, key);
  return { keys: read, scope, keyId };
}

export function publicKeyOf(
  id: string,
  { algorithm, key_file: file }: Signing['keys'][string],
): Promise<VerificationKey> {
  const name = `policy.signing.keys.${id}.key_file`;
  return ofSetting(name, () => readVerificationKey(file, algorithm));
}

export async function toBundleOptions(config: Config['policy']): Promise<BundleOptions> {
  const { polling, persist, ...files } = config.service;
  const { bearer_token_file: tokenFile } = files;
  // Read once here, so that an unreadable file is reported at the start.
  await serviceTls(files);
  return {
    maxBytes: config.size_limit_bytes,
    maxStalenessMs: config.max_staleness_ms,
    persist,
    service: {
      minDelayMs: polling.min_delay_seconds * 1_000,
      maxDelayMs: polling.max_delay_seconds * 1_000,
      longPollingTimeoutSeconds: polling.long_polling_timeout_seconds,
      bearerToken: tokenFile ? async () => readRegular(tokenFile).toString().trim() : undefined,
      tls: () => serviceTls(files),
    },
  };
}

async function serviceTls(files: Partial<Config['policy']['service']>): Promise<ServiceTls> {
  const contentOf = async (setting: 'ca_file' | 'cert_file' | 'key_file') => {
    const file = files[setting];
    if (file === undefined) return;
    return ofSetting(`policy.service.${setting}`, () => readRegular(file));
  };
  return {
    ca: await contentOf('ca_file'),
    cert: await contentOf('cert_file'),
    key: await contentOf('key_file'),
  };
}
