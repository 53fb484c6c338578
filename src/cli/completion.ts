import { type Command, EXIT, type Run } from './command.ts';
import { bash } from './completion/bash.ts';
import { fish } from './completion/fish.ts';
import { wordsOf } from './completion/words.ts';
import { zsh } from './completion/zsh.ts';

const SHELLS = { bash, zsh, fish } as const;

/** Prints a script that the shell sources: `source <(kms-reencrypt-proxy completion bash)`. */
export function completionOf(commands: readonly Command[]): Run {
  return async ([shell = '', ...rest], { stdout, stderr }) => {
    if (!Object.hasOwn(SHELLS, shell) || rest.length > 0) {
      const asked = shell === '--help' || shell === '-h' || shell === 'help';
      const usage = 'usage: kms-reencrypt-proxy completion bash | zsh | fish\n';
      (asked ? stdout : stderr).write(usage);
      return asked ? EXIT.ok : EXIT.usage;
    }
    stdout.write(SHELLS[shell as keyof typeof SHELLS](await wordsOf(commands)));
    return EXIT.ok;
  };
}
