import type { Config } from '../config/schema.ts';
import { createIdentify, type Identifier } from '../identity/identify.ts';
import type { JwtKeys } from '../identity/jwt.ts';
import { createMtlsIdentifier } from '../identity/mtls.ts';
import { createAccessKeyIdentifier, createUdsIdentifier } from '../identity/named.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { ofSetting } from './of-setting.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';
import type { ServerTls } from './tls.ts';

interface IdentityParts {
  readonly around: Surroundings;
  readonly tls: ServerTls | undefined;
  readonly metrics: Pick<Metrics, 'read'>;
}

type JwtConfig = NonNullable<Config['identity']['jwt']>;

/** Every configured way to identify callers, in the configured order. */
export async function composeIdentify(
  config: Config['identity'],
  { around, tls, metrics }: IdentityParts,
  opened: Stack,
) {
  const { mtls, jwt } = config;
  const { trust_domains: configured } = mtls;
  const ownTrustDomain = () => tls?.trustDomain() ?? '';
  const ways: Record<Config['identity']['order'][number], Identifier | undefined> = {
    mtls: createMtlsIdentifier({
      trustDomains: () => {
        const own = ownTrustDomain();
        return configured.length > 0 || own === '' ? configured : [own];
      },
      ownTrustDomain,
      nameFrom: mtls.name_from,
      now: Date.now,
    }),
    jwt: jwt && (await composeJwt(jwt, { around, metrics }, opened)),
    access_key: createAccessKeyIdentifier(),
    uds: createUdsIdentifier(),
  };
  const identifiers = config.order.map((way) => ways[way]).filter((way) => way !== undefined);
  return createIdentify({ identifiers, require: config.require, attributes: jwt?.claims ?? [] });
}

/** Imported only if tokens are configured: it takes a twentieth of the start-up time. */
async function composeJwt(
  jwt: JwtConfig,
  { around, metrics }: Pick<IdentityParts, 'around' | 'metrics'>,
  opened: Stack,
) {
  const { createJwtIdentifier } = await import('../identity/jwt.ts');
  const keys = await jwtKeys(jwt, around.log, opened);
  metrics.read({ tokenKeysMissing: () => !keys.usable() });
  return createJwtIdentifier({
    issuer: jwt.issuer,
    audience: jwt.audience,
    algorithms: jwt.algorithms,
    clockToleranceMs: jwt.clock_tolerance_ms,
    cacheMs: jwt.cache_ms,
    subjectClaim: jwt.subject_claim,
    claims: jwt.claims,
    keys,
    now: Date.now,
  });
}

async function jwtKeys(jwt: JwtConfig, log: Surroundings['log'], opened: Stack): Promise<JwtKeys> {
  const { createFileKeys, createUrlKeys } = await import('../identity/jwks.ts');
  const { jwks_file: file, jwks_url: url = '', refresh_ms: refreshMs, max_age_ms: maxAgeMs } = jwt;
  const onError = (err: Error) => log.error({ err }, 'the token keys cannot be renewed');
  const trust = { algorithms: jwt.algorithms, onError };
  const keys =
    file === undefined
      ? createUrlKeys({ ...trust, url: new URL(url), refreshMs, maxAgeMs, timeoutMs: 5_000 })
      : await ofSetting('identity.jwt.jwks_file', () =>
          createFileKeys({ ...trust, file, pollMs: refreshMs }),
        );
  opened.push(async () => keys.close());
  return keys;
}
