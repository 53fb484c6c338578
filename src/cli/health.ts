import { InvalidArgumentError } from 'commander';
import type { ServingStatus } from '../client/create-client.ts';
import { lastError } from '../client/last-error.ts';
import { messageOf } from '../thrown.ts';
import { CommandFailure, type Define } from './command.ts';
import { examples } from './examples.ts';
import { program } from './program.ts';
import { openClient, type ProxyOptions, withProxyOptions } from './proxy-options.ts';

/** Exit code 0 while the proxy serves, otherwise 1, as HEALTHCHECK and probes want it; 64 for a usage error. */
export const define: Define = (command, terminal) => {
  withProxyOptions(command, terminal)
    .description('Ask a proxy over gRPC (grpc.health.v1) whether it serves. Exits 0 if so, else 1.')
    .option('--service <name>', 'one service in place of the whole server', '')
    .option('--timeout <seconds>', 'how long to wait for the answer', seconds, 3)
    .option('--json', 'print what it says as JSON')
    .addHelpText('after', examples('health', 'health --endpoint-url unix:/run/krp.sock --json'))
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

interface HealthOptions extends ProxyOptions {
  readonly service: string;
  readonly timeout: number;
  readonly json?: boolean;
}

/** One of the two is '': the proxy answered, or `error` says why not. */
interface Answer {
  readonly status: ServingStatus | '';
  readonly error: string;
}

function seconds(written: string): number {
  const value = Number(written);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be a number of seconds above 0.');
}

async function ask(options: HealthOptions): Promise<Answer> {
  try {
    const client = await openClient(options);
    const answer = client.health(options.service, { timeoutMs: options.timeout * 1000 });
    return { status: await answer.finally(() => client.close()), error: '' };
  } catch (thrown) {
    if (thrown instanceof CommandFailure) throw thrown;
    const cause = messageOf(thrown);
    return { status: '', error: lastError(cause) };
  }
}
