import { EXAMPLES, EXIT_CODES, HELP_SECTIONS } from './option-help.ts';

/** The manual page in man(7), from the same text as the help. */
export function manPage(): string {
  const sections = HELP_SECTIONS.map(
    ({ title, options }) =>
      `.SS ${roff(title)}\n${options.map(({ usage, text }) => `.TP\n.B ${roff(usage)}\n${roff(text)}\n`).join('')}`,
  );
  const examples = EXAMPLES.map(
    ({ what, command }) =>
      `.PP\n${roff(what)}:\n.PP\n.RS\n.nf\nkms\\-reencrypt\\-proxy ${roff(command)}\n.fi\n.RE\n`,
  );
  const codes = EXIT_CODES.map(([code, meaning]) => `.TP\n.B ${code}\n${roff(meaning)}\n`);
  return `.TH KMS\\-REENCRYPT\\-PROXY 1
.SH NAME
kms\\-reencrypt\\-proxy re\\-encrypt, check \\- re\\-encrypt under another KMS key, or ask whether policy lets you
.SH SYNOPSIS
.B kms\\-reencrypt\\-proxy re\\-encrypt
.B \\-\\-destination\\-key\\-id
.I ID
[options]
.br
.B kms\\-reencrypt\\-proxy check
.B \\-\\-destination\\-key\\-id
.I ID
[options]
.SH DESCRIPTION
Options, files, output and exit codes are those of
.BR "aws kms re\\-encrypt" .
.SH OPTIONS
${sections.join('')}.SH EXAMPLES
${examples.join('')}.SH EXIT STATUS
${codes.join('')}`;
}

/** A backslash, a dash, and a dot or quote at the start of a line mean something to roff. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll(/^([.'])/gm, '\\&$1');
}
