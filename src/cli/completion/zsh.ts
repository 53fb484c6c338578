import { leavesOf, type Option, patternOf, type Word } from './words.ts';

export function zsh(words: readonly Word[]): string {
  const commands = words.map(
    ({ name, summary }) => `    '${name}:${summary.replaceAll("'", "'\\''")}'\n`,
  );
  return `#compdef kms-reencrypt-proxy
_kms_reencrypt_proxy() {
  local -a commands=(
${commands.join('')}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  case $command in
${words.flatMap(followed).join('')}  esac
  shift words; (( CURRENT-- ))
  case $command in
${leavesOf(words)
  .map((leaf) => `    ${patternOf(leaf)})\n${offer(leaf.options)}`)
  .join('')}    *) _files ;;
  esac
}
compdef _kms_reencrypt_proxy kms-reencrypt-proxy
`;
}

function followed({ name, words }: Word): readonly string[] {
  if (words.length === 0) return [];
  return [
    `    ${name})
      if (( CURRENT == 3 )); then
        _values ${name} ${words.map((word) => word.name).join(' ')}
        return
      fi
      command="${name} $words[3]"
      shift words; (( CURRENT-- )) ;;
`,
  ];
}

function offer(options: readonly Option[]): string {
  const specs = options.map((option) => `        '${toSpec(option)}' \\\n`);
  return `      _arguments \\\n${specs.join('')}        '*:file:_files' ;;\n`;
}

function toSpec({ flag, takes, choices }: Option): string {
  if (takes === 'nothing') return flag;
  if (takes === 'file') return `${flag}:file:_files`;
  return `${flag}:value:${choices.length > 0 ? `(${choices.join(' ')})` : ''}`;
}
