import type { Command } from 'commander';
import type { Client } from '../client/create-client.ts';
import { isProxyTarget, proxyTarget } from '../client/target.ts';
import { CommandFailure, EXIT, type Terminal } from './command.ts';
import { connect } from './connect.ts';
import { proxyBesideUs } from './proxy-beside-us.ts';

/** Where a proxy is, and how it is trusted. */
export interface ProxyOptions {
  readonly endpointUrl: string;
  readonly caBundle?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly tokenFile?: string;
  readonly verifySsl: boolean;
}

/** Options of a command that asks a proxy; without any, it asks the one on this host. */
export function withProxyOptions(command: Command, { env }: Terminal): Command {
  return command
    .option(
      '--endpoint-url <target>',
      'host:port, unix:PATH, grpc:// or grpcs://',
      proxyBesideUs(env),
    )
    .option('--ca-bundle <file>', 'certificates to trust (PEM), with grpcs://')
    .option('--client-certificate <file>', 'own certificate (PEM), for mutual TLS')
    .option('--client-key <file>', 'its key (PEM)')
    .option('--token-file <file>', 'bearer token, read for each call')
    .option('--no-verify-ssl', 'accept any server certificate');
}

/** @throws CommandFailure if the target or the token is unusable, Error if a TLS file cannot be read */
export async function openClient(options: ProxyOptions): Promise<Client> {
  const { endpointUrl, tokenFile } = options;
  if (!isProxyTarget(endpointUrl)) throw noTarget(endpointUrl);
  const proxy = proxyTarget(endpointUrl);
  if (!proxy.secure && isMeantSecure(options)) throw plain(endpointUrl);
  const tls = {
    caFile: options.caBundle,
    certificateFile: options.clientCertificate,
    keyFile: options.clientKey,
    verify: options.verifySsl,
  };
  return connect(proxy, { tls, tokenFile });
}

function noTarget(endpoint: string): CommandFailure {
  const sentence = `--endpoint-url: '${endpoint}' is not host:port, with or without grpc:// or grpcs://, nor unix:PATH`;
  return new CommandFailure(sentence, EXIT.usage);
}

function isMeantSecure({ caBundle, clientCertificate, clientKey }: ProxyOptions): boolean {
  return [caBundle, clientCertificate, clientKey].some((file) => file !== undefined);
}

function plain(endpoint: string): CommandFailure {
  const sentence = `--endpoint-url: '${endpoint}' is plain; --ca-bundle and --client-… are for grpcs://`;
  return new CommandFailure(sentence, EXIT.usage);
}
