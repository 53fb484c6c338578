import { leavesOf, type Option, patternOf, type Word } from './words.ts';

export function bash(words: readonly Word[]): string {
  return `_kms_reencrypt_proxy() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=(${among(words.map(({ name }) => name))}); return
  fi
  case $command in
${words.flatMap(followed).join('')}  esac
  case $command in
${leavesOf(words)
  .map((leaf) => `    ${patternOf(leaf)})\n${offer(leaf.options)}`)
  .join('')}  esac
}
complete -o bashdefault -F _kms_reencrypt_proxy kms-reencrypt-proxy
`;
}

const among = (choices: readonly string[]) => `$(compgen -W '${choices.join(' ')}' -- "$word")`;

function followed({ name, words }: Word): readonly string[] {
  if (words.length === 0) return [];
  const next = among(words.map((word) => word.name));
  return [
    `    ${name})
      if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=(${next}); return; fi
      command="${name} \${COMP_WORDS[2]}" ;;
`,
  ];
}

function offer(options: readonly Option[]): string {
  const values = options.filter(({ choices }) => choices.length > 0);
  const files = options.filter(({ takes }) => takes === 'file').map(({ flag }) => flag);
  const cases = [
    ...values.map(({ flag, choices }) => `${flag}) COMPREPLY=(${among(choices)}); return ;;`),
    ...(files.length === 0
      ? []
      : [`${files.join('|')}) COMPREPLY=($(compgen -f -- "$word")); return ;;`]),
  ];
  return `      case $before in
${cases.map((one) => `        ${one}\n`).join('')}      esac
      case $word in
        -*) COMPREPLY=(${among(options.map(({ flag }) => flag))}) ;;
        //*) COMPREPLY=($(compgen -P // -f -- "\${word#//}")) ;;
      esac ;;
`;
}
