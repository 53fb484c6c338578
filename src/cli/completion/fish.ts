import { leavesOf, type Option, type Word } from './words.ts';

const COMPLETE = 'complete -c kms-reencrypt-proxy -n';

export function fish(words: readonly Word[]): string {
  const commands = words.map(
    ({ name, summary }) =>
      `${COMPLETE} __fish_use_subcommand -f -a ${name} -d '${summary.replaceAll("'", "\\'")}'\n`,
  );
  const options = leavesOf(words).flatMap(({ paths, options }) =>
    paths.flatMap((path) => options.map((option) => `${at(path)}' ${toSpec(option)}\n`)),
  );
  return [AT, ...commands, ...words.flatMap(followed), ...options].join('');
}

/** Whether the first words are these; \`check\` alone is another command than \`policy check\`. */
const AT = `function __kms_reencrypt_proxy_at
    set -l words (commandline -opc)
    set -l last (math (count $argv) + 1)
    test (count $words) -ge $last; and test "$words[2..$last]" = "$argv"
end
`;

const at = (path: readonly string[]) => `${COMPLETE} '__kms_reencrypt_proxy_at ${path.join(' ')}`;

function followed({ name, words }: Word): readonly string[] {
  const names = words.map((word) => word.name).join(' ');
  const alone = 'test (count (commandline -opc)) -eq 2';
  return words.length === 0 ? [] : [`${at([name])}; and ${alone}' -f -a '${names}'\n`];
}

function toSpec({ flag, takes, choices }: Option): string {
  const name = `-l ${flag.slice(2)}`;
  if (takes === 'nothing') return `-f ${name}`;
  if (takes === 'file') return `-r -F ${name}`;
  return choices.length > 0 ? `-x ${name} -a '${choices.join(' ')}'` : `-x ${name}`;
}
