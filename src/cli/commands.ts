import process from 'node:process';
import { keepMallocSmall } from '../malloc.ts';
import type { Command } from './command.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    summary: 'Run the proxy.',
    load: () => {
      // First of all, for what is done before it is done twice.
      keepMallocSmall(process);
      return import('./serve.ts');
    },
  },
  {
    name: 'config',
    summary: 'Check or print the configuration, or its JSON Schema.',
    subcommands: ['check', 'print', 'schema'],
    load: () => import('./config.ts'),
  },
  {
    name: 're-encrypt',
    summary: 'Re-encrypt a ciphertext, with the options of `aws kms re-encrypt`.',
    load: () => import('./re-encrypt/run.ts'),
  },
  {
    name: 'health',
    summary: 'Ask a proxy whether it serves; exit 0 if so, 1 otherwise.',
    load: () => import('./health.ts'),
  },
  {
    name: 'audit',
    summary: 'Verify, prove, search and export audit logs, offline.',
    subcommands: ['verify', 'prove', 'consistency', 'hash', 'tail', 'export', 'stats'],
    load: () => import('./audit/run.ts'),
  },
  {
    name: 'check',
    summary: 'Show what policy decides of a call, without performing it.',
    load: () => import('./check.ts'),
  },
  {
    name: 'policy',
    summary: 'Build, check, try, explain and compare policies.',
    subcommands: ['build', 'check', 'eval', 'test', 'explain', 'replay', 'diff'],
    load: () => import('./policy/run.ts'),
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
    load: () => import('./embedded-kms.ts'),
  },
];
