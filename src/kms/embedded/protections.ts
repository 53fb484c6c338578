import { isLocal } from '../../addresses/loopback.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** The environment must repeat what the configuration says. */
const SECOND_WORD = 'EMBEDDED_KMS_IN_PRODUCTION';

interface Place {
  readonly env: Env;
  /** `kms.embedded.in_production` or `--in-production`. */
  readonly inProduction: boolean;
  readonly warn: (sentence: string) => void;
}

/**
 * Keeps an embedded KMS out of production: it is refused there unless allowed twice. Warns that
 * any real AWS credentials in the environment are not used.
 * @throws Error that says why and what would let it
 */
export function protect({ env, inProduction, warn }: Place): void {
  const signs = PRODUCTION.filter(({ found }) => found(env)).map(({ sign }) => sign);
  if (signs.length > 0 && !(inProduction && env[SECOND_WORD] === '1')) {
    throw new Error(
      `The embedded KMS keeps its keys in plain memory and is not for production, and this looks like it: ${signs.join(', ')}. To run it all the same, set kms.embedded.in_production: true (or --in-production) and ${SECOND_WORD}=1.`,
    );
  }
  const ambient = CREDENTIALS.filter((name) => env[name]);
  if (ambient.length > 0) {
    warn(`AWS credentials in ${ambient.join(', ')} are ignored: the embedded KMS never calls AWS.`);
  }
}

/** @throws Error unless the address can be reached only from this host. */
export function requireLoopback(setting: string, address: string): void {
  if (isLocal(address)) return;
  throw new Error(
    `${setting} is ${address}, but an embedded KMS is served on loopback alone: 127.0.0.1, [::1] or localhost.`,
  );
}

const PRODUCTION: readonly { readonly sign: string; found(env: Env): boolean }[] = [
  { sign: 'NODE_ENV=production', found: (env) => env['NODE_ENV'] === 'production' },
  { sign: 'KUBERNETES_SERVICE_HOST', found: (env) => Boolean(env['KUBERNETES_SERVICE_HOST']) },
];

const CREDENTIALS = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];
