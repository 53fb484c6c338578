import type { Config } from '../config/schema.ts';
import { createTlsFiles } from '../server/tls/files.ts';
import type { TlsMaterial } from '../server/tls/material.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';

export interface ServerTls extends TlsMaterial {
  /** Looks at the files at once, as on SIGHUP. */
  reload(): Promise<void>;
}

/** The server's certificate from its files, or undefined where TLS is not configured. */
export async function composeTls(
  config: Config['grpc']['tls'],
  { log }: Surroundings,
  opened: Stack,
): Promise<ServerTls | undefined> {
  if (config === undefined) return undefined;
  const { cert_file: certFile = '', key_file: keyFile = '', client_ca_file: clientCaFile } = config;
  const files = await createTlsFiles({
    certFile,
    keyFile,
    ...(clientCaFile !== undefined && { clientCaFile }),
    clientCertificates: config.client_certificates,
    pollMs: config.poll_ms,
    now: Date.now,
    onAlarm: (err) => log.error({ err }, 'the TLS certificate cannot be renewed'),
  });
  opened.push(async () => files.close());
  return files;
}
