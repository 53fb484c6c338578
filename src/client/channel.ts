import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';

/** Whom a client trusts, and how it identifies itself. Changed files are read again. */
export interface TlsOptions {
  /** PEM file with the certificates to trust; otherwise the system's. */
  readonly caFile?: string | undefined;
  /** PEM files of the caller's own certificate and key, for mutual TLS; both or neither. */
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** False accepts any server certificate. */
  readonly verify?: boolean | undefined;
}

/**
 * A call goes to the one proxy that was named: no HTTP proxy from the environment, and no retries by a
 * service config from DNS, only grpc-js's transparent ones, of calls that a proxy did not take because it
 * ends or makes clients reconnect. The ciphertexts of a whole batch fit into an answer. A proxy that was away
 * is found again within a second or two; by default grpc-js tries ever later, in the end every two minutes.
 */
export const CHANNEL_OPTIONS = {
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // A proxy that is gone without a word, with its node, would keep every call for a quarter of an hour.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
} as const;

/** @throws Error naming the file that is unreadable or wrong, or the missing half of the pair */
export function channelCredentials(tls: TlsOptions | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { caFile, certificateFile, keyFile, verify = true } = tls;
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    throw new Error('a client certificate needs its key, and a key its certificate');
  }
  const [ca, certificate, key] = [read(caFile), read(certificateFile), read(keyFile)];
  if (ca) certificateIn(ca);
  if (certificate && key) checkPair(certificate, key);
  return credentials.createSsl(ca?.pem ?? null, key?.pem ?? null, certificate?.pem ?? null, {
    rejectUnauthorized: verify,
  });
}

export function filesOf(tls: TlsOptions = {}): readonly string[] {
  const { caFile, certificateFile, keyFile } = tls;
  return [caFile, certificateFile, keyFile].filter((file) => file !== undefined);
}

interface PemFile {
  readonly path: string;
  readonly pem: Buffer;
}

function read(path: string | undefined): PemFile | undefined {
  return path === undefined ? undefined : { path, pem: readFileSync(path) };
}

function checkPair(certificate: PemFile, key: PemFile): void {
  if (certificateIn(certificate).checkPrivateKey(keyIn(key))) return;
  throw new Error(`${key.path} is not the key of the certificate in ${certificate.path}`);
}

/** OpenSSL ignores what is not a certificate: no server would be trusted, and nothing would say why. */
function certificateIn({ path, pem }: PemFile): X509Certificate {
  try {
    return new X509Certificate(pem.toString());
  } catch (cause) {
    throw new Error(`${path} does not hold a certificate in PEM that can be read`, { cause });
  }
}

function keyIn({ path, pem }: PemFile): KeyObject {
  try {
    return createPrivateKey(pem.toString());
  } catch (cause) {
    throw new Error(
      `${path} does not hold a private key in PEM that can be read without a passphrase`,
      {
        cause,
      },
    );
  }
}
