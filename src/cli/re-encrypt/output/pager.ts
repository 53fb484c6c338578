import { spawn } from 'node:child_process';
import process from 'node:process';
import { CliFailure, EXIT_CODE } from '../failure.ts';
import type { Profile } from '../profile.ts';
import type { Environment } from '../values/file-value.ts';

interface PagerCommand {
  readonly words: readonly string[];
  /** False for our own default: if that is not installed, it is no error. */
  readonly chosen: boolean;
  readonly env: Environment;
}

const DEFAULT_PAGER = 'less';
/** Print at once what fits on the screen, keep colours, leave the screen as it is. */
const DEFAULT_LESS = 'FRX';

/** AWS_PAGER, the profile's cli_pager, PAGER, then less; an empty word means none. */
export function pagerCommand(profile: Profile, env: Environment): PagerCommand | undefined {
  const chosen = env['AWS_PAGER'] ?? profile.get('cli_pager') ?? env['PAGER'];
  const words = splitWords(chosen ?? DEFAULT_PAGER);
  if (words.length === 0) return undefined;
  return { words, chosen: chosen !== undefined, env: { LESS: DEFAULT_LESS, ...env } };
}

/** Resolves when the pager is closed; false if it is not installed. @throws CliFailure for a chosen one */
export function page(text: string, { words, chosen, env }: PagerCommand): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const [program = DEFAULT_PAGER, ...args] = words;
  const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'], env });
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  child.stdin.on('error', ignore);
  child.once('error', (error) => (chosen ? reject(pagerFailure(error)) : resolve(false)));
  child.once('close', () => {
    process.off('SIGINT', ignore);
    resolve(true);
  });
  child.stdin.end(text);
  return promise;
}

function pagerFailure(error: Error): CliFailure {
  const sentence =
    'Unable to redirect output to pager. Received the following error when opening pager:\n' +
    `${error.message}\n\nSet AWS_PAGER to another one, or to nothing for none.`;
  return new CliFailure(EXIT_CODE.configuration, sentence, { code: 'Pager', cause: error });
}

/** As a shell would: quotes keep words together, a backslash keeps one character. */
function splitWords(command: string): readonly string[] {
  const words = command.match(/(?:\\.|"(?:\\.|[^"])*"|'[^']*'|[^\s"'\\])+/g) ?? [];
  return words.map((word) =>
    word.replaceAll(/\\(.)|"((?:\\.|[^"])*)"|'([^']*)'/g, (_, bare, double, single) =>
      String(bare ?? double?.replaceAll(/\\(["\\])/g, '$1') ?? single ?? ''),
    ),
  );
}
