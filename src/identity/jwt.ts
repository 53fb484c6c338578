import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Principal } from '../call.ts';
import { Refusal } from '../errors.ts';
import type { Identifier } from './identify.ts';
import { authenticated, isClear, refused } from './principal.ts';
import { createTokenCache } from './token-cache.ts';

export interface JwtOptions {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** Accepted signature algorithms; never HMAC, whose key would let a verifier forge tokens. */
  readonly algorithms: readonly string[];
  readonly clockToleranceMs: number;
  /** How long a token is trusted without verifying it again, but never past its expiry. */
  readonly cacheMs: number;
  /** The claim that is the principal's id. */
  readonly subjectClaim: string;
  /** Claims that policy sees as attributes: text, numbers, booleans or lists of text. */
  readonly claims: readonly string[];
  readonly keys: JwtKeys;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Where the issuer's keys come from. */
export interface JwtKeys {
  /** @throws NoKeysError if there are no keys to search */
  readonly find: JWTVerifyGetKey;
  /** Changes whenever the keys do. */
  generation(): number;
  /** Whether there are keys that are still trusted. */
  usable(): boolean;
}

/** No keys are available, or none recent enough; this does not mean that the token is bad. */
export class NoKeysError extends Error {
  override readonly name = 'NoKeysError';
}

const BEARER = 'bearer ';
/** Policy and log might each read such text differently. */
const INEXACT = /[\p{Cs}\uFFFD]/u;
/** A longer token is not a credential but an attack on the parser. */
const MOST_CHARACTERS = 8192;

/** The principal of a bearer token. A token that does not verify is refused, never anonymous. */
export function createJwtIdentifier(options: JwtOptions): Identifier {
  const verified = createTokenCache(options.now);

  return ({ authorization }) => {
    if (authorization === '') return undefined;
    const before = verified.get(authorization, options.keys.generation());
    if (before && options.keys.usable()) return before;
    return verify(authorization, options).then(({ principal, untilMs, generation }) => {
      verified.set(authorization, { principal, untilMs, generation });
      return principal;
    });
  };
}

async function verify(authorization: string, options: JwtOptions) {
  const generation = options.keys.generation();
  const token = authorization.slice(BEARER.length);
  if (authorization.slice(0, BEARER.length).toLowerCase() !== BEARER || token === '') {
    throw refused('The authorization metadata must be a bearer token.');
  }
  if (authorization.length > MOST_CHARACTERS) throw refused('The bearer token is too long.');
  const now = options.now();
  const { payload } = await jwtVerify(token, options.keys.find, {
    issuer: options.issuer,
    audience: [...options.audience],
    algorithms: [...options.algorithms],
    clockTolerance: options.clockToleranceMs / 1000,
    currentDate: new Date(now),
    requiredClaims: ['exp', options.subjectClaim],
  }).catch((thrown: unknown) => {
    throw thrown instanceof NoKeysError
      ? new Refusal('TOKEN_KEYS_UNAVAILABLE', { cause: thrown })
      : refused(sentenceFor(thrown), thrown);
  });
  const expiresMs = (payload.exp ?? 0) * 1000 + options.clockToleranceMs;
  return {
    principal: toPrincipal(payload, options),
    untilMs: Math.min(expiresMs, now + options.cacheMs),
    generation,
  };
}

function toPrincipal(payload: JWTPayload, options: JwtOptions): Principal {
  const id = payload[options.subjectClaim];
  if (typeof id !== 'string' || !isClear(id)) {
    throw refused(`The bearer token’s ${options.subjectClaim} must be text that is exact.`);
  }
  const attributes: Record<string, string> = { issuer: options.issuer };
  for (const claim of options.claims) {
    const value = Object.hasOwn(payload, claim) ? payload[claim] : undefined;
    if (value === undefined || value === null) continue;
    const text = toText(value);
    if (text === undefined || isRounded(value) || INEXACT.test(text)) {
      throw refused(`The bearer token’s ${claim} cannot be read exactly.`);
    }
    attributes[claim] = text;
  }
  return authenticated({ id, kind: 'jwt', attributes });
}

/** JSON.parse rounds different large numbers to the same one, so two tenants could look alike. */
function isRounded(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

/** A list is joined with spaces, as OAuth writes `scope`; a part that itself has a space is left out. */
function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!Array.isArray(value)) return undefined;
  return value
    .filter((part): part is string => typeof part === 'string' && !/\s/.test(part))
    .join(' ');
}

/** What the caller may know: which check failed, never what the key or the token held. */
function sentenceFor(thrown: unknown): string {
  if (thrown instanceof errors.JWTExpired) return 'The bearer token has expired.';
  if (thrown instanceof errors.JWTClaimValidationFailed) {
    return `The bearer token’s ${thrown.claim} is not accepted.`;
  }
  if (thrown instanceof errors.JOSEAlgNotAllowed) {
    return 'The bearer token’s algorithm is not accepted.';
  }
  return 'The bearer token could not be verified.';
}
