import type { Config } from '../config/schema.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { createTlsFiles, type TlsFiles } from '../server/tls/files.ts';
import { expiryOf, type TlsMaterial } from '../server/tls/material.ts';
import { createSpiffeTls, withSpiffeBundles } from '../server/tls/spiffe.ts';
import { ofSetting } from './of-setting.ts';
import type { Stack } from './stack.ts';
import type { Surroundings } from './surroundings.ts';

export interface ServerTls extends TlsMaterial {
  /** Rereads the files at once, as on SIGHUP. */
  reload(): Promise<void>;
  /** The proxy's own; '' if its certificate comes from files. */
  trustDomain(): string;
}

interface TlsParts {
  readonly around: Pick<Surroundings, 'log'>;
  readonly metrics: Pick<Metrics, 'read'>;
}

type TlsConfig = NonNullable<Config['grpc']['tls']>;
type Alarm = (error: Error) => void;

/** The server's certificate from files or SPIRE, or undefined if TLS is not configured. */
export async function composeTls(
  { grpc: { tls: config }, identity }: Pick<Config, 'grpc' | 'identity'>,
  { around: { log }, metrics }: TlsParts,
  opened: Stack,
): Promise<ServerTls | undefined> {
  if (config === undefined) return undefined;
  const onAlarm = (err: Error) =>
    log.error({ err }, 'the TLS certificate or its CAs are not renewed');
  const { trust_domains: trustDomains } = identity.mtls;
  const tls =
    config.cert_file === undefined
      ? await fromSpiffe(config, trustDomains, onAlarm)
      : await ofSetting('grpc.tls', () => fromFiles(config, trustDomains, onAlarm));
  opened.push(async () => tls.close());
  metrics.read({ certificateExpiry: () => ({ grpc: expiryOf(tls.current()) }) });
  tls.onChange((pair) => {
    const ends = new Date(expiryOf(pair)).toISOString();
    log.info({ ends }, 'the TLS certificate and its CAs are renewed');
  });
  return tls;
}

/** The pair in the configured files, watched. @throws Error naming the file */
export function openTlsFiles(config: TlsConfig, onAlarm: Alarm): Promise<TlsFiles> {
  const { cert_file: certFile = '', key_file: keyFile = '', client_ca_file: clientCaFile } = config;
  return createTlsFiles({
    certFile,
    keyFile,
    clientCaFile,
    clientCertificates: config.client_certificates,
    pollMs: config.poll_ms,
    now: Date.now,
    onAlarm,
  });
}

async function fromFiles(config: TlsConfig, trustDomains: readonly string[], onAlarm: Alarm) {
  const files = await openTlsFiles(config, onAlarm);
  const whole =
    config.spiffe_socket === undefined
      ? files
      : await withSpiffeBundles(files, workloadApi(config, trustDomains, onAlarm));
  return { ...whole, trustDomain: () => '' };
}

/** The Workload API pushes updates, so there is nothing to reload. */
async function fromSpiffe(config: TlsConfig, trustDomains: readonly string[], onAlarm: Alarm) {
  const { client_certificates: clientCertificates } = config;
  const options = { ...workloadApi(config, trustDomains, onAlarm), clientCertificates };
  return { ...(await createSpiffeTls(options)), reload: async () => {} };
}

function workloadApi(
  { spiffe_socket: socket = '' }: TlsConfig,
  trustDomains: readonly string[],
  onAlarm: Alarm,
) {
  return { socket, trustDomains, firstMs: 30_000, retryMs: 1000, now: Date.now, onAlarm };
}
