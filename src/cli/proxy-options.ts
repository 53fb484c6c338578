import type { Command } from 'commander';
import type { Client } from '../client/create-client.ts';
import type { ProxyTarget } from '../client/target.ts';
import { messageOf } from '../message-of.ts';
import { bearerToken } from './bearer-token.ts';
import { EXIT, type Terminal } from './command.ts';
import { allowIpNames } from './ip-names.ts';
import { CommandFailure } from './program.ts';
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

/** Options of a command that asks a proxy; without any it is the one beside us. */
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

/** @throws CommandFailure where the target is none, Error where a TLS file cannot be read */
export async function openClient(options: ProxyOptions): Promise<Client> {
  const { createClient } = await import('../client/create-client.ts');
  const { isProxyTarget, proxyTarget } = await import('../client/target.ts');
  if (!isProxyTarget(options.endpointUrl)) throw noTarget(options.endpointUrl);
  const { target, secure } = proxyTarget(options.endpointUrl);
  if (!secure && isMeantSecure(options)) throw plain(options.endpointUrl);
  if (secure) allowIpNames();
  const tls = {
    caFile: options.caBundle,
    certificateFile: options.clientCertificate,
    keyFile: options.clientKey,
    verify: options.verifySsl,
  };
  const metadata = tokenFor({ target, secure }, options);
  return createClient({ target, tls: secure ? tls : undefined, metadata });
}

function tokenFor(target: ProxyTarget, { tokenFile }: ProxyOptions) {
  try {
    return bearerToken(tokenFile, target);
  } catch (thrown) {
    throw new CommandFailure(messageOf(thrown), EXIT.usage);
  }
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
