import process from 'node:process';
import { beginSmall } from '../life/begin-small.ts';
import type { Command, Define, Run } from './command.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    summary: 'Run the proxy.',
    // The same options, without the whole proxy behind them.
    define: async () => ({ define: (await import('./config.ts')).withConfigOptions }),
    load: () => {
      // May execute the program again, so whatever is done before would be done twice.
      beginSmall(process);
      // Whoever rotates logs cannot know that this start is not done yet; unheard, it would end it.
      process.on('SIGHUP', () => undefined);
      return import('./serve.ts');
    },
  },
  {
    name: 'config',
    summary: 'Check or print the configuration, or its JSON Schema.',
    ...byCommander(() => import('./config.ts')),
  },
  {
    name: 're-encrypt',
    summary: 'Re-encrypt a ciphertext, with the options of `aws kms re-encrypt`.',
    load: () => import('./re-encrypt/run.ts'),
  },
  {
    name: 'bulk',
    summary: 'Re-encrypt every item of a file; go on where it was interrupted.',
    ...byCommander(() => import('./bulk/run.ts')),
  },
  {
    name: 'health',
    summary: 'Ask a proxy whether it serves; exit 0 if so, 1 otherwise.',
    ...byCommander(() => import('./health.ts')),
  },
  {
    name: 'audit',
    summary: 'Verify, prove, search and export audit logs, offline.',
    ...byCommander(() => import('./audit/run.ts')),
  },
  {
    name: 'check',
    summary: 'Show what policy decides of a call, without performing it.',
    load: () => import('./check.ts'),
  },
  {
    name: 'policy',
    summary: 'Build, check, try, explain and compare policies.',
    ...byCommander(() => import('./policy/run.ts')),
  },
  {
    name: 'completion',
    summary: 'Print the completion script of bash, zsh or fish.',
    subcommands: ['bash', 'zsh', 'fish'],
    load: async () => ({ run: (await import('./completion.ts')).completionOf(COMMANDS) }),
  },
  {
    name: 'embedded-kms',
    summary: 'Serve the embedded KMS alone, for laptops and CI.',
    ...byCommander(() => import('./embedded-kms.ts')),
  },
];

interface Module {
  readonly run: Run;
  readonly define: Define;
}

function byCommander(load: () => Promise<Module>): Pick<Command, 'load' | 'define'> {
  return { load, define: load };
}
