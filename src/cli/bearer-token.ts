import { readFileSync } from 'node:fs';
import type { ProxyTarget } from '../client/target.ts';
import { isLoopback } from '../loopback.ts';

/**
 * Metadata with the bearer token in a file, which is read for each call: whoever renews the token writes it
 * there. When it is called: @throws Error where the file cannot be read, or holds something else
 *
 * @throws Error where others could read the token on its way (RFC 6750, section 5.3)
 */
export function bearerToken(file: string | undefined, { target, secure }: ProxyTarget) {
  if (file === undefined) return undefined;
  if (!secure && !isBesideUs(target)) {
    throw new Error(
      `--token-file: '${target}' is plain; a bearer token is sent by grpcs://, to loopback or a Unix socket alone`,
    );
  }
  return () => {
    const token = readFileSync(file, 'utf8').trim();
    if (!/^[!-~]+$/.test(token)) throw new Error(`${file} holds no bearer token`);
    return { authorization: `Bearer ${token}` };
  };
}

/** Who reads along there is on this host already. */
function isBesideUs(target: string): boolean {
  return /^unix(?:-abstract)?:/.test(target) || isLoopback(target.replace(/:\d+$/, ''));
}
