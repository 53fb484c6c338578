import type { OptionRule } from './known-arguments.ts';

export const OUTPUT_FORMATS = ['json', 'text', 'table', 'yaml', 'yaml-stream', 'off'] as const;
export const ERROR_FORMATS = ['legacy', 'json', 'yaml', 'text', 'table', 'enhanced'] as const;

const value = (flag: string, key: string, choices?: readonly string[]): OptionRule => ({
  flag,
  key,
  arity: 'one',
  ...(choices && { choices }),
});

const toggle = (flag: string, key: string, constant: boolean): OptionRule => ({
  flag,
  key,
  arity: 'none',
  constant,
});

const many = (flag: string, key: string): OptionRule => ({ flag, key, arity: 'many' });

/** In the AWS CLI's order, which its messages about ambiguous prefixes follow. */
export const GLOBAL_OPTIONS: readonly OptionRule[] = [
  toggle('--debug', 'debug', true),
  value('--endpoint-url', 'endpointUrl'),
  toggle('--no-verify-ssl', 'verifySsl', false),
  toggle('--no-paginate', 'paginate', false),
  value('--output', 'output', OUTPUT_FORMATS),
  value('--query', 'query'),
  value('--profile', 'profile'),
  value('--region', 'region'),
  toggle('--version', 'version', true),
  value('--color', 'color', ['on', 'off', 'auto']),
  toggle('--no-sign-request', 'signRequest', false),
  value('--ca-bundle', 'caBundle'),
  value('--cli-read-timeout', 'readTimeout'),
  value('--cli-connect-timeout', 'connectTimeout'),
  value('--cli-binary-format', 'binaryFormat', ['base64', 'raw-in-base64-out']),
  toggle('--no-cli-pager', 'noPager', true),
  toggle('--cli-auto-prompt', 'autoPrompt', true),
  toggle('--no-cli-auto-prompt', 'noAutoPrompt', true),
  value('--cli-error-format', 'errorFormat', ERROR_FORMATS),
];

/** The members of a ReEncrypt request, each by the option that sets it, in the order of AWS's model. */
export const MEMBER_OPTIONS: readonly (OptionRule & { readonly member: string })[] = [
  { ...value('--ciphertext-blob', 'ciphertextBlob'), member: 'CiphertextBlob' },
  {
    ...value('--source-encryption-context', 'sourceEncryptionContext'),
    member: 'SourceEncryptionContext',
  },
  { ...value('--source-key-id', 'sourceKeyId'), member: 'SourceKeyId' },
  { ...value('--destination-key-id', 'destinationKeyId'), member: 'DestinationKeyId' },
  {
    ...value('--destination-encryption-context', 'destinationEncryptionContext'),
    member: 'DestinationEncryptionContext',
  },
  {
    ...value('--source-encryption-algorithm', 'sourceEncryptionAlgorithm'),
    member: 'SourceEncryptionAlgorithm',
  },
  {
    ...value('--destination-encryption-algorithm', 'destinationEncryptionAlgorithm'),
    member: 'DestinationEncryptionAlgorithm',
  },
  { ...many('--grant-tokens', 'grantTokens'), member: 'GrantTokens' },
  { ...toggle('--dry-run', 'dryRun', true), member: 'DryRun' },
  { ...toggle('--no-dry-run', 'dryRun', false), member: 'DryRun' },
  { ...many('--dry-run-modifiers', 'dryRunModifiers'), member: 'DryRunModifiers' },
];

export const REQUIRED_MEMBER = 'DestinationKeyId';

export const INPUT_OPTIONS: readonly OptionRule[] = [
  value('--cli-input-json', 'cliInputJson'),
  value('--cli-input-yaml', 'cliInputYaml'),
  {
    flag: '--generate-cli-skeleton',
    key: 'skeleton',
    arity: 'optional',
    choices: ['input', 'output', 'yaml-input'],
    constant: 'input',
  },
];

/** What the AWS CLI does not have. */
export const OWN_OPTIONS: readonly OptionRule[] = [
  value('--output-file', 'outputFile'),
  value('--client-certificate', 'clientCertificate'),
  value('--client-key', 'clientKey'),
  value('--token-file', 'tokenFile'),
];
