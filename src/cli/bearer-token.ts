import { readFileSync } from 'node:fs';
import type { ProxyTarget } from '../client/target.ts';

/** Who reads along there is on this host already. */
const BESIDE_US = /^(?:unix(?:-abstract)?:|(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$)/;

/**
 * Metadata with the bearer token in a file, which is read for each call: whoever renews the token writes it
 * there. When it is called: @throws Error where the file cannot be read, or holds something else
 *
 * @throws Error where others could read the token on its way (RFC 6750, section 5.3)
 */
export function bearerToken(file: string | undefined, { target, secure }: ProxyTarget) {
  if (file === undefined) return undefined;
  if (!secure && !BESIDE_US.test(target)) {
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
