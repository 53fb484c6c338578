import { type Command, EXIT, type Run } from './command.ts';
import type { OptionRule } from './re-encrypt/arguments/known-arguments.ts';
import {
  GLOBAL_OPTIONS,
  INPUT_OPTIONS,
  MEMBER_OPTIONS,
  OWN_OPTIONS,
} from './re-encrypt/arguments/option-table.ts';

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
    stdout.write(SHELLS[shell as keyof typeof SHELLS](commands));
    return EXIT.ok;
  };
}

const CALL_COMMANDS = ['re-encrypt', 'check'];
const OPTIONS: readonly OptionRule[] = [
  ...MEMBER_OPTIONS,
  ...INPUT_OPTIONS,
  ...OWN_OPTIONS,
  ...GLOBAL_OPTIONS,
];
/** Options whose value names a file, whole or after `file://`. */
const FILE_OPTIONS = ['--output-file', '--ca-bundle', '--client-certificate', '--client-key'];
const ALGORITHM_OPTIONS = ['--source-encryption-algorithm', '--destination-encryption-algorithm'];
const ALGORITHMS = ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE'];

function choicesOf({ flag, choices = [] }: OptionRule): readonly string[] {
  if (ALGORITHM_OPTIONS.includes(flag)) return ALGORITHMS;
  return flag === '--dry-run-modifiers' ? ['IGNORE_CIPHERTEXT'] : choices;
}

/** Commands that another word follows. */
const followed = (commands: readonly Command[]) =>
  commands.flatMap(({ name, subcommands = [] }) =>
    subcommands.length > 0 ? [{ name, subcommands }] : [],
  );
const withChoices = () => OPTIONS.filter((option) => choicesOf(option).length > 0);
const names = (commands: readonly Command[]) => commands.map(({ name }) => name).join(' ');
const flags = () => OPTIONS.map(({ flag }) => flag).join(' ');

function bash(known: readonly Command[]): string {
  const cases = withChoices().map(
    (option) =>
      `    ${option.flag}) COMPREPLY=($(compgen -W '${choicesOf(option).join(' ')}' -- "$word")); return ;;\n`,
  );
  return `_kms_reencrypt_proxy() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names(known)}' -- "$word")); return
  fi
  case \${COMP_WORDS[1]} in
    ${CALL_COMMANDS.join('|')}) ;;
${followed(known)
  .map(
    ({ name, subcommands }) =>
      `    ${name}) (( COMP_CWORD == 2 )) && COMPREPLY=($(compgen -W '${subcommands.join(' ')}' -- "$word")); return ;;\n`,
  )
  .join('')}    *) return ;;
  esac
  case $before in
${cases.join('')}    ${FILE_OPTIONS.join('|')}) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W '${flags()}' -- "$word")) ;;
    //*) COMPREPLY=($(compgen -P // -f -- "\${word#//}")) ;;
  esac
}
complete -o bashdefault -F _kms_reencrypt_proxy kms-reencrypt-proxy
`;
}

function zsh(known: readonly Command[]): string {
  const commands = known.map(
    ({ name, summary }) => `    '${name}:${summary.replaceAll("'", "'\\''")}'\n`,
  );
  const specs = OPTIONS.map((option) => `        '${zshSpec(option)}' \\\n`);
  return `#compdef kms-reencrypt-proxy
_kms_reencrypt_proxy() {
  local -a commands=(
${commands.join('')}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
    ${CALL_COMMANDS.join('|')})
      shift words; (( CURRENT-- ))
      _arguments \\
${specs.join('')}        '*::'
      ;;
${followed(known)
  .map(
    ({ name, subcommands }) =>
      `    ${name}) (( CURRENT == 3 )) && _values ${name} ${subcommands.join(' ')} || _files ;;\n`,
  )
  .join('')}  esac
}
compdef _kms_reencrypt_proxy kms-reencrypt-proxy
`;
}

function zshSpec(option: OptionRule): string {
  const { flag, arity } = option;
  if (arity === 'none') return flag;
  if (FILE_OPTIONS.includes(flag)) return `${flag}:file:_files`;
  const choices = choicesOf(option);
  return `${flag}:value:${choices.length > 0 ? `(${choices.join(' ')})` : ''}`;
}

function fish(known: readonly Command[]): string {
  const commands = known.map(
    ({ name, summary }) =>
      `complete -c kms-reencrypt-proxy -n __fish_use_subcommand -f -a ${name} -d '${summary.replaceAll("'", "\\'")}'\n`,
  );
  const options = OPTIONS.map(
    (option) =>
      `complete -c kms-reencrypt-proxy -n '__fish_seen_subcommand_from ${CALL_COMMANDS.join(' ')}' ${fishSpec(option)}\n`,
  );
  const subcommands = followed(known).map(
    ({ name, subcommands }) =>
      `complete -c kms-reencrypt-proxy -n '__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${subcommands.join(' ')}' -f -a '${subcommands.join(' ')}'\n`,
  );
  return [...commands, ...options, ...subcommands].join('');
}

function fishSpec(option: OptionRule): string {
  const name = `-l ${option.flag.slice(2)}`;
  if (option.arity === 'none') return `-f ${name}`;
  if (FILE_OPTIONS.includes(option.flag)) return `-r -F ${name}`;
  const choices = choicesOf(option);
  return choices.length > 0 ? `-x ${name} -a '${choices.join(' ')}'` : `-x ${name}`;
}
