import process from 'node:process';
import type { Client, ClientOptions } from '../client/create-client.ts';
import type { ProxyTarget } from '../client/target.ts';
import { bearerToken } from './bearer-token.ts';

interface ConnectOptions {
  /** Used only with `grpcs://`. */
  readonly tls: ClientOptions['tls'];
  readonly tokenFile: string | undefined;
}

/** A client of a proxy. @throws Error if a file is unreadable or the token would be exposed */
export async function connect(
  proxy: ProxyTarget,
  { tls, tokenFile }: ConnectOptions,
): Promise<Client> {
  const { createClient } = await import('../client/create-client.ts');
  const { target, secure } = proxy;
  // grpc-js may use an IP address as server name. Node warns of that, and the user cannot change it.
  if (secure) process.noDeprecation = true;
  const metadata = bearerToken(tokenFile, proxy);
  return createClient({ target, tls: secure ? tls : undefined, metadata });
}
