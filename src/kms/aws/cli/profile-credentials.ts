import type { Signing } from './signed-headers.ts';

type Credentials = Signing['credentials'];
type Environment = Readonly<Record<string, string | undefined>>;

/** Silences the SDK's warnings about credentials that it skips; the caller reports which are used. */
const ignore = () => undefined;
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

/** The SDK's last error if nothing offers credentials; any other says why a configured source failed. */
const NOTHING_OFFERED = 'Could not load credentials from any providers';

/**
 * Credentials by the AWS CLI's rules: those of the environment unless a profile is named on the command
 * line, then the SDK's chain of profile, SSO, web identity, process, container and instance. Undefined
 * where nothing offers any. @throws Error with one sentence
 */
export async function profileCredentials(
  named: string | undefined,
  env: Environment,
): Promise<Credentials | undefined> {
  const fromEnvironment = named === undefined ? environmentCredentials(env) : undefined;
  if (fromEnvironment !== undefined) return fromEnvironment;
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  const profile = named ?? env['AWS_PROFILE'] ?? env['AWS_DEFAULT_PROFILE'];
  try {
    return await defaultProvider({ logger: SILENT, ...(profile && { profile }) })();
  } catch (thrown) {
    if (thrown instanceof Error && thrown.message === NOTHING_OFFERED) return undefined;
    throw thrown;
  }
}

function environmentCredentials(env: Environment): Credentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId) return undefined;
  if (!secretAccessKey) {
    throw new Error('Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY');
  }
  const sessionToken = env['AWS_SESSION_TOKEN'] ?? env['AWS_SECURITY_TOKEN'];
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}
