import { readFileSync } from 'node:fs';
import { isLocal } from '../addresses/loopback.ts';
import type { ProxyTarget } from '../client/target.ts';
import { CommandFailure, EXIT } from './command.ts';

/**
 * Makes the metadata of each call, with the token that the file holds at that time, since it may be renewed. While
 * it holds none, the last one is sent.
 * @throws CommandFailure if others could read the token on its way (RFC 6750, section 5.3)
 */
export function bearerToken(file: string | undefined, { target, secure }: ProxyTarget) {
  if (file === undefined) return undefined;
  // On this machine, whoever can intercept the call could read the token anyway.
  if (!secure && !isLocal(target)) {
    throw new CommandFailure(
      `--token-file: '${target}' is plain; a bearer token is sent only by grpcs://, to loopback or to a Unix socket`,
      EXIT.usage,
    );
  }
  let token: string | undefined;
  return () => {
    try {
      token = read(file);
    } catch (thrown) {
      // `command > file` leaves it empty until the command is done, and must not end a long job.
      if (token === undefined) throw thrown;
    }
    return { authorization: `Bearer ${token}` };
  };
}

function read(file: string): string {
  const token = readFileSync(file, 'utf8').trim();
  if (!/^[!-~]+$/.test(token)) throw new Error(`${file} does not hold a bearer token`);
  return token;
}
