import process from 'node:process';
import type { Client, ClientOptions } from '../client/create-client.ts';
import { bearerToken } from './bearer-token.ts';

interface ConnectOptions {
  /** Used only with `grpcs://`. */
  readonly tls: ClientOptions['tls'];
  readonly tokenFile: string | undefined;
}

/** A client of the proxy at an endpoint. @throws Error if a file is unreadable or the token would be exposed */
export async function connect(
  endpoint: string,
  { tls, tokenFile }: ConnectOptions,
): Promise<Client> {
  const { createClient } = await import('../client/create-client.ts');
  const { proxyTarget } = await import('../client/target.ts');
  const { target, secure } = proxyTarget(endpoint);
  // grpc-js may use an IP address as server name. Node warns of that, and the user cannot change it.
  if (secure) process.noDeprecation = true;
  const metadata = bearerToken(tokenFile, { target, secure });
  return createClient({ target, tls: secure ? tls : undefined, metadata });
}
