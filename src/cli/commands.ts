import type { Command } from './command.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    summary: 'Run the proxy.',
    load: () => import('./serve.ts'),
  },
  {
    name: 'config',
    summary: 'Check or print the configuration, or its JSON Schema.',
    load: () => import('./config.ts'),
  },
];
