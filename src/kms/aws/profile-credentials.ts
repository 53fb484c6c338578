import type { Signing } from './signed-call.ts';

type Credentials = Signing['credentials'];
type Environment = Readonly<Record<string, string | undefined>>;

/** The SDK warns of credentials that it does not take; which are taken is said here. */
const ignore = () => undefined;
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

/** What the SDK's chain ends with; whatever else it says is why one that was asked for cannot be had. */
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
