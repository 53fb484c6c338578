import { parseArgs } from 'node:util';
import { serveKms } from './kms.ts';
import { run } from './run.ts';

/**
 * The load without Go: the same flags, figures and fake KMS, but more CPU per call, so it may be
 * what limits a fast server. Rows that need Go are skipped by name.
 */
const [command, ...args] = process.argv.slice(2);
const { values } = parseArgs({
  args: args.map((arg) => arg.replace(/^-(?=[a-z])/, '--')),
  options: {
    listen: { type: 'string', default: '127.0.0.1:0' },
    protocol: { type: 'string', default: 'grpc' },
    target: { type: 'string', default: '' },
    duration: { type: 'string', default: '3s' },
    inflight: { type: 'string', default: '32' },
    rate: { type: 'string', default: '0' },
    ca: { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
  },
});

if (command === 'kms') await serveKms(values.listen);
else if (command === 'run') process.stdout.write(`${JSON.stringify(await run(values))}\n`);
else throw new Error('usage: main.ts kms|run …');
