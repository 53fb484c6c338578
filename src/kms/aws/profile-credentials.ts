import { defaultProvider } from '@aws-sdk/credential-provider-node';
import type { Signing } from './signed-call.ts';

/**
 * Credentials by the SDK's default chain: environment, profile, SSO, web identity, process,
 * container and instance. Undefined where nothing offers any. @throws Error with the SDK's sentence
 */
export async function profileCredentials(
  profile: string | undefined,
): Promise<Signing['credentials'] | undefined> {
  const provide = defaultProvider(profile === undefined ? {} : { profile });
  try {
    return await provide();
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'CredentialsProviderError') return undefined;
    throw thrown;
  }
}
