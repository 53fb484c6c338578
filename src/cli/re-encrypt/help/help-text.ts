import { EXAMPLES, EXIT_CODES, HELP_SECTIONS, type OptionHelp } from './option-help.ts';

const SUMMARIES: Readonly<Record<string, string>> = {
  're-encrypt':
    'Decrypts a ciphertext under one KMS key and encrypts it under another, inside KMS.',
  check: 'Shows what policy decides of a ReEncrypt call, without performing it.',
};
const WIDTH = 80;

/** The help of `re-encrypt` and of `check`, which takes the same options. */
export function helpText(name: string): string {
  const sections = HELP_SECTIONS.map(
    ({ title, options }) => `${title}:\n${options.map(optionText).join('')}`,
  );
  const examples = EXAMPLES.map(
    ({ what, command }) => `  # ${what}\n${wrap(`kms-reencrypt-proxy ${command}`, '  ', ' \\')}`,
  );
  const codes = EXIT_CODES.map(([code, meaning]) => `  ${code.padEnd(5)}${meaning}\n`);
  return [
    `Usage: kms-reencrypt-proxy ${name} --destination-key-id ID [options]\n`,
    `${wrap(SUMMARIES[name] ?? '', '', '')}Options, files, output and exit codes are those of \`aws kms re-encrypt\`.\n`,
    ...sections,
    `Examples:\n${examples.join('\n')}`,
    `Exit codes:\n${codes.join('')}`,
  ].join('\n');
}

function optionText({ usage, text }: OptionHelp): string {
  return `  ${usage}\n${wrap(text, '      ', '')}`;
}

/** Breaks at spaces; a continued command line ends with a backslash. */
function wrap(text: string, indent: string, continued: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    const longer = last === '' ? word : `${last} ${word}`;
    if (indent.length + longer.length + continued.length > WIDTH && last !== '') lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return `${lines.map((line) => indent + line).join(`${continued}\n`)}\n`;
}
