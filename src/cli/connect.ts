import process from 'node:process';
import type { Client, ClientOptions } from '../client/create-client.ts';
import { bearerToken } from './bearer-token.ts';

export interface ConnectOptions {
  /** Used with `grpcs://` alone. */
  readonly tls: ClientOptions['tls'];
  readonly tokenFile: string | undefined;
}

/** A client of the proxy at an endpoint. @throws Error where a file cannot be read or the token is not safe on its way */
export async function connect(
  endpoint: string,
  { tls, tokenFile }: ConnectOptions,
): Promise<Client> {
  const { createClient } = await import('../client/create-client.ts');
  const { proxyTarget } = await import('../client/target.ts');
  const { target, secure } = proxyTarget(endpoint);
  // grpc-js may name a server by its IP address, which Node warns of: the user can do nothing about it.
  if (secure) process.noDeprecation = true;
  const metadata = bearerToken(tokenFile, { target, secure });
  return createClient({ target, tls: secure ? tls : undefined, metadata });
}
