#!/usr/bin/env node
import process from 'node:process';
import { EXIT } from './cli/command.ts';
import { COMMANDS } from './cli/commands.ts';
import { wrongNode } from './cli/node-version.ts';
import { endAsFirst } from './life/first-process.ts';
import { keepHeapSmall } from './life/heap.ts';

const HELP = `Usage: kms-reencrypt-proxy <command> [options]

Commands:
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(14)} ${summary}`).join('\n')}

kms-reencrypt-proxy <command> --help says more, --version which version this is.
`;

async function main(args: readonly string[]): Promise<number> {
  const [name = '--help', ...rest] = args;
  if (name === 'help' && rest.length > 0) return main([...rest, '--help']);
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  if (name === '--version') {
    const { VERSION } = await import('./version.ts');
    process.stdout.write(`kms-reencrypt-proxy/${VERSION}\n`);
    return EXIT.ok;
  }
  const command = COMMANDS.find((known) => known.name === name);
  if (!command) {
    process.stderr.write(`kms-reencrypt-proxy: there is no command '${name}'\n\n${HELP}`);
    return EXIT.usage;
  }
  const wrong = wrongNode(process.version);
  if (wrong !== '') {
    process.stderr.write(`kms-reencrypt-proxy: ${wrong}\n`);
    return EXIT.failure;
  }
  const { run } = await command.load();
  // Not earlier: while modules load, a small heap would be garbage-collected repeatedly in vain.
  keepHeapSmall(process.env);
  return run(rest, process);
}

/**
 * A reader that closes early (`| head`) got what it wanted, and a lost line must not end a proxy.
 * But a command whose output is lost, as on a full disk, has failed, and says so by an exit code that is not
 * a verdict of `audit`.
 */
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') return;
  process.once('exit', (exit) => {
    if (exit !== EXIT.ok) return;
    process.stderr.write(`kms-reencrypt-proxy: standard output cannot be written: ${message}\n`);
    process.exitCode = EXIT.unwritten;
  });
});
process.stderr.on('error', () => undefined);

/**
 * A server that never ends its TLS handshake would keep a command that has told its result: grpc-js closes no
 * connection that it is still making. A proxy that ends has closed all that it could.
 */
const LINGER_MS = 500;
function leaveOpenConnections(): void {
  if (process.argv[2] === 'serve') return;
  setTimeout(() => {
    if (process.stdout.writableLength === 0) process.exit();
  }, LINGER_MS).unref();
}

endAsFirst(process);
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  leaveOpenConnections();
});
