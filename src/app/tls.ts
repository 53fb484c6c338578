import type { Config } from '../config/schema.ts';
import { createTlsFiles } from '../server/tls/files.ts';
import type { TlsMaterial } from '../server/tls/material.ts';
import { createSpiffeTls } from '../server/tls/spiffe.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';

export interface ServerTls extends TlsMaterial {
  /** Looks at the files at once, as on SIGHUP. */
  reload(): Promise<void>;
  /** The only ones that its CAs vouch for; empty where the CAs do not say. */
  trustDomains(): readonly string[];
}

type TlsConfig = NonNullable<Config['grpc']['tls']>;

/** The server's certificate from its files or from SPIRE, or undefined where TLS is not configured. */
export async function composeTls(
  config: Config['grpc']['tls'],
  { log }: Surroundings,
  opened: Stack,
): Promise<ServerTls | undefined> {
  if (config === undefined) return undefined;
  const { spiffe_socket: socket } = config;
  const onAlarm = (err: Error) => log.error({ err }, 'the TLS certificate cannot be renewed');
  const tls =
    socket === undefined
      ? await fromFiles(config, onAlarm)
      : await fromSpiffe(socket, config, onAlarm);
  opened.push(async () => tls.close());
  return tls;
}

async function fromFiles(config: TlsConfig, onAlarm: (error: Error) => void) {
  const { cert_file: certFile = '', key_file: keyFile = '', client_ca_file: clientCaFile } = config;
  const files = await createTlsFiles({
    certFile,
    keyFile,
    ...(clientCaFile !== undefined && { clientCaFile }),
    clientCertificates: config.client_certificates,
    pollMs: config.poll_ms,
    now: Date.now,
    onAlarm,
  });
  return { ...files, trustDomains: () => [] };
}

/** The Workload API sends what is new by itself, so that there is nothing to reload. */
async function fromSpiffe(socket: string, config: TlsConfig, onAlarm: (error: Error) => void) {
  const svid = await createSpiffeTls({
    socket,
    clientCertificates: config.client_certificates,
    firstMs: 30_000,
    retryMs: 1000,
    now: Date.now,
    onAlarm,
  });
  return { ...svid, reload: async () => {}, trustDomains: () => [svid.trustDomain()] };
}
