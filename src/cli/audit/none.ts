import type { Terminal } from '../command.ts';

/** Silence would leave open whether anything was looked through. */
export function tellNone({ stderr }: Pick<Terminal, 'stderr'>): void {
  stderr.write('kms-reencrypt-proxy audit: no entry is as the options ask\n');
}
