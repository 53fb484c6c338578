import type { Arrival, Principal } from '../call.ts';
import { createIdentify, type Identifier } from './identify.ts';
import {
  createFileKeys,
  createUrlKeys,
  type JwksFileOptions,
  type JwksUrlOptions,
} from './jwks.ts';
import { createJwtIdentifier, type JwtOptions } from './jwt.ts';
import { createMtlsIdentifier, type MtlsOptions } from './mtls.ts';
import { createAccessKeyIdentifier, createUdsIdentifier } from './named.ts';

export interface IdentityOptions {
  readonly require: boolean;
  /** Which way of identifying a caller counts first; one that is not named is not used. */
  readonly order: readonly ('mtls' | 'jwt' | 'access_key' | 'uds')[];
  readonly mtls: Omit<MtlsOptions, 'now'>;
  readonly jwt?: Omit<JwtOptions, 'now' | 'keys'> & {
    readonly keys: Omit<JwksFileOptions, 'onError'> | Omit<JwksUrlOptions, 'onError'>;
  };
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Told when the issuer's keys cannot be read anew; the last good ones go on. */
  readonly onError: (error: Error) => void;
}

export interface Identity {
  identify(arrival: Arrival, signal: AbortSignal): Promise<Principal>;
  close(): void;
}

/** Everything that finds out who calls. @throws Error naming the file of keys that cannot be used */
export async function createIdentity(options: IdentityOptions): Promise<Identity> {
  const { now, onError, jwt } = options;
  const keys = jwt && (await createKeys({ ...jwt.keys, onError }));
  const ways: Readonly<Record<IdentityOptions['order'][number], Identifier>> = {
    mtls: createMtlsIdentifier({ ...options.mtls, now }),
    jwt: jwt && keys ? createJwtIdentifier({ ...jwt, keys, now }) : () => undefined,
    access_key: createAccessKeyIdentifier(),
    uds: createUdsIdentifier(),
  };
  return {
    identify: createIdentify({
      identifiers: options.order.map((way) => ways[way]),
      require: options.require,
    }),
    close: () => keys?.close(),
  };
}

function createKeys(options: JwksFileOptions | JwksUrlOptions) {
  return 'file' in options ? createFileKeys(options) : createUrlKeys(options);
}
