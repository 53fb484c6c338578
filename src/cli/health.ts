import type { ServingStatus } from '../client/create-client.ts';
import type { Define } from './command.ts';
import { lastError } from './last-error.ts';
import { CommandFailure, program } from './program.ts';

/** Exit code 0 while the proxy serves and 1 otherwise: what HEALTHCHECK and probes go by. */
export const define: Define = (command, terminal) => {
  command
    .description('Ask a proxy over gRPC (grpc.health.v1) whether it serves. Exits 0 if so, else 1.')
    .option(
      '--endpoint-url <target>',
      'host:port, unix:PATH, grpc:// or grpcs://',
      listenTarget(terminal.env['KRP_GRPC__LISTEN']),
    )
    .option('--service <name>', 'one service in place of the whole server', '')
    .option('--timeout <seconds>', 'how long to wait for the answer', seconds, 3)
    .option('--ca-bundle <file>', 'certificates to trust (PEM), with grpcs://')
    .option('--client-certificate <file>', 'own certificate (PEM), for mutual TLS')
    .option('--client-key <file>', 'its key (PEM)')
    .option('--no-verify-ssl', 'accept any server certificate')
    .option('--json', 'print what it says as JSON')
    .action(async (options: HealthOptions) => {
      const { endpointUrl: endpoint_url, service } = options;
      const { status, error } = await ask(options);
      if (options.json) {
        terminal.stdout.write(`${JSON.stringify({ endpoint_url, service, status, error })}\n`);
      }
      if (error !== '') throw new CommandFailure(`${endpoint_url} does not answer: ${error}`);
      if (status !== 'SERVING') throw new CommandFailure(`${endpoint_url} says ${status}`);
      if (!options.json) terminal.stdout.write('SERVING\n');
    });
};

export const run = program('health', define);

interface HealthOptions {
  readonly endpointUrl: string;
  readonly service: string;
  readonly timeout: number;
  readonly caBundle?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly verifySsl: boolean;
  readonly json?: boolean;
}

/** Either is '': a proxy answers, or there is why it does not. */
interface Answer {
  readonly status: ServingStatus | '';
  readonly error: string;
}

const DEFAULT_TARGET = '127.0.0.1:50051';

/** The address that the proxy beside us listens on; one that stands for all is asked on loopback. */
function listenTarget(listen: string | undefined): string {
  if (listen === undefined || listen === '') return DEFAULT_TARGET;
  return listen.replace(/^(?:0\.0\.0\.0|\[::\])(?=:\d+$)/, '127.0.0.1');
}

function seconds(written: string): number {
  const value = Number(written);
  if (value > 0) return value;
  throw new CommandFailure(`--timeout: ${written} is not a number of seconds above 0`);
}

async function ask(options: HealthOptions): Promise<Answer> {
  const { createClient } = await import('../client/create-client.ts');
  const { proxyTarget } = await import('../client/target.ts');
  const { target, secure } = proxyTarget(options.endpointUrl);
  try {
    const client = createClient({
      target,
      tls: secure
        ? {
            caFile: options.caBundle,
            certificateFile: options.clientCertificate,
            keyFile: options.clientKey,
            verify: options.verifySsl,
          }
        : undefined,
    });
    const answer = client.health(options.service, { timeoutMs: options.timeout * 1000 });
    return { status: await answer.finally(() => client.close()), error: '' };
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.message : String(thrown);
    return { status: '', error: lastError(cause) };
  }
}
