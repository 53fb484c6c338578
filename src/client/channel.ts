import { readFileSync } from 'node:fs';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';

export interface TlsOptions {
  /** PEM file with the certificates to trust; else the system's. */
  readonly caFile?: string | undefined;
  /** PEM files of the caller's own certificate and key, for mutual TLS; both or neither. */
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** False accepts any server certificate. */
  readonly verify?: boolean | undefined;
}

/**
 * A call goes to the one proxy that was named: no HTTP proxy from the environment, no retries but
 * grpc-js's transparent ones, and ciphertexts of a whole batch fit into an answer.
 */
export const CHANNEL_OPTIONS = {
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
} as const;

/** @throws Error naming the file that cannot be read, or the half of the pair that is missing. */
export function channelCredentials(tls: TlsOptions | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { caFile, certificateFile, keyFile, verify = true } = tls;
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    throw new Error('a client certificate needs its key, and a key its certificate');
  }
  return credentials.createSsl(pem(caFile), pem(keyFile), pem(certificateFile), {
    rejectUnauthorized: verify,
  });
}

function pem(file: string | undefined): Buffer | null {
  return file === undefined ? null : readFileSync(file);
}
