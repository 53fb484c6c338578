import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
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

/** @throws Error naming the file that cannot be read or holds something else, or the half of the pair that is missing */
export function channelCredentials(tls: TlsOptions | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { caFile, certificateFile, keyFile, verify = true } = tls;
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    throw new Error('a client certificate needs its key, and a key its certificate');
  }
  if (caFile !== undefined) certificateIn(caFile);
  if (certificateFile !== undefined && keyFile !== undefined) checkPair(certificateFile, keyFile);
  return credentials.createSsl(pem(caFile), pem(keyFile), pem(certificateFile), {
    rejectUnauthorized: verify,
  });
}

function pem(file: string | undefined): Buffer | null {
  return file === undefined ? null : readFileSync(file);
}

function checkPair(certificateFile: string, keyFile: string): void {
  if (certificateIn(certificateFile).checkPrivateKey(keyIn(keyFile))) return;
  throw new Error(`${keyFile} is not the key of the certificate in ${certificateFile}`);
}

/** OpenSSL passes over what is no certificate: no server would be trusted, and nothing would say why. */
function certificateIn(file: string): X509Certificate {
  const text = readFileSync(file, 'utf8');
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw new Error(`${file} holds no certificate in PEM that can be read`, { cause });
  }
}

function keyIn(file: string): KeyObject {
  const text = readFileSync(file, 'utf8');
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new Error(`${file} holds no private key in PEM that can be read without a passphrase`, {
      cause,
    });
  }
}
