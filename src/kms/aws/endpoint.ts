import { endpointFaults } from '../../addresses/kms-endpoint.ts';

/** Variables from which the SDK would take another endpoint. */
const ENDPOINT_VARIABLES = ['AWS_ENDPOINT_URL_KMS', 'AWS_ENDPOINT_URL'] as const;

/** @throws Error for what the configuration would have refused; it names the setting and what is right */
export function checkEndpoint(endpoint: string): URL {
  const url = URL.parse(endpoint);
  if (url === null) throw new Error(`kms.aws.endpoint: ${endpoint} is not a URL`);
  const [fault] = endpointFaults(url);
  if (fault !== undefined) throw new Error(`kms.aws.endpoint: ${fault}`);
  return url;
}

/**
 * The environment may not send signed calls elsewhere: an endpoint variable counts only where the
 * configuration names the same endpoint. One sentence for each variable that is ignored.
 */
export function ignoredEndpoints(
  env: Readonly<Record<string, string | undefined>>,
  endpoint: URL | undefined,
): readonly string[] {
  return ENDPOINT_VARIABLES.flatMap((name) => {
    const value = env[name];
    if (value === undefined || value === '') return [];
    if (endpoint !== undefined && URL.parse(value)?.href === endpoint.href) return [];
    return [`${name}=${value} is ignored: kms.aws.endpoint does not name it`];
  });
}
