import { readFile } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  type FetchImplementation,
  type JSONWebKeySet,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
  jwksCache,
} from 'jose';
import { loggable } from '../addresses/location.ts';
import { keepFailure } from '../caches/keep-failure.ts';
import { watchFiles } from '../files/watched.ts';
import { parseJson } from '../json/exact.ts';
import { messageOf, toError } from '../thrown.ts';
import { boundWaiting } from './bound-waiting.ts';
import type { JwtKeys } from './jwt.ts';
import { checkKeySet } from './key-set.ts';

interface JwksFileOptions {
  readonly file: string;
  /** Those by which tokens may be signed. */
  readonly algorithms: readonly string[];
  /** How often the file is checked for new keys. */
  readonly pollMs: number;
  /** Called once when a changed file cannot be used; the last good keys stay in use. */
  readonly onError: (error: Error) => void;
}

/** @throws Error naming the file if it holds no usable keys at the start */
export async function createFileKeys(
  options: JwksFileOptions,
): Promise<JwtKeys & { close(): void }> {
  let generation = 0;
  const { current, close } = await watchFiles({
    files: [options.file],
    read: () => readKeys(options),
    pollMs: options.pollMs,
    onChange: () => {
      generation += 1;
    },
    onError: options.onError,
  });
  return {
    find: (header, token) => current()(header, token),
    generation: () => generation,
    usable: () => true,
    close,
  };
}

interface JwksUrlOptions {
  readonly url: URL;
  /** Those by which tokens may be signed. */
  readonly algorithms: readonly string[];
  /** How often the keys are fetched again. */
  readonly refreshMs: number;
  /** How long keys are trusted while new ones cannot be fetched. */
  readonly maxAgeMs: number;
  readonly timeoutMs: number;
  readonly onError: (error: Error) => void;
}

/** Fetched in the background, at once and every `refreshMs`, and when a token names a new key. */
export function createUrlKeys(options: JwksUrlOptions): JwtKeys & { close(): void } {
  const cache: JWKSCacheInput = {};
  // While jose has no fresh keys, it would fetch them for every token, and anyone can send tokens.
  const ask = keepFailure(async (...request: Parameters<FetchImplementation>) => {
    const text = await readSet(...request);
    await checkKeySet(JSON.parse(text), options.algorithms);
    return text;
  });
  const remote = createRemoteJWKSet(options.url, {
    cacheMaxAge: options.maxAgeMs,
    timeoutDuration: options.timeoutMs,
    cooldownDuration: 30_000,
    [jwksCache]: cache,
    [customFetch]: async (url, request) => new Response(await ask(url, request)),
  });
  const renew = () => {
    remote.reload().catch((thrown: unknown) => {
      const { message, cause } = toError(thrown);
      options.onError(new Error(`${loggable(options.url.href)}: ${message}`, { cause }));
    });
  };
  // Not awaited, since the issuer may be away; but operators hear of that before a caller does.
  renew();
  const timer = setInterval(renew, options.refreshMs);
  timer.unref();

  return {
    find: boundWaiting(remote, cache),
    generation: () => cache['uat'] ?? 0,
    usable: () => remote.fresh,
    close: () => clearInterval(timer),
  };
}

/** A larger answer is not a key set. */
const MOST_BYTES = 1024 * 1024;

/** Bounded in size here, and in time by the request's signal. */
async function readSet(...[url, request]: Parameters<FetchImplementation>): Promise<string> {
  const { status, body } = await fetch(url, request);
  if (status !== 200) {
    await body?.cancel();
    throw new Error(`HTTP status ${status} instead of the keys`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function readKeys({ file, algorithms }: JwksFileOptions): Promise<JWTVerifyGetKey> {
  try {
    const set = parseJson(await readFile(file, 'utf8')) as JSONWebKeySet;
    await checkKeySet(set, algorithms);
    if (set.keys.length === 0) throw new Error('it has no keys');
    return createLocalJWKSet(set);
  } catch (thrown) {
    // Not also as the cause: the log would show it twice.
    throw new Error(`${file} is not a JSON Web Key Set: ${messageOf(thrown)}`);
  }
}
