import { readFileSync } from 'node:fs';

/**
 * Metadata with the bearer token in a file, which is read for each call: whoever renews the token writes it
 * there. When it is called: @throws Error where the file cannot be read, or holds something else
 */
export function bearerToken(file: string | undefined) {
  if (file === undefined) return undefined;
  return () => {
    const token = readFileSync(file, 'utf8').trim();
    if (!/^[!-~]+$/.test(token)) throw new Error(`${file} holds no bearer token`);
    return { authorization: `Bearer ${token}` };
  };
}
