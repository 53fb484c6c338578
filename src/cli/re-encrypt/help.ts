export const USAGE = `kms-reencrypt-proxy re-encrypt [options]
To see help text, you can run:

  kms-reencrypt-proxy re-encrypt help
`;

export function helpText(): string {
  return `usage: ${USAGE}`;
}
