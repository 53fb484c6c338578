export interface OptionHelp {
  /** As written on the command line, with the kind of its value. */
  readonly usage: string;
  readonly text: string;
}

interface HelpSection {
  readonly title: string;
  readonly options: readonly OptionHelp[];
}

const option = (usage: string, text: string): OptionHelp => ({ usage, text });

const CONTEXT =
  'Shorthand k=v,k2="v, w" (a value from a file by k@=file://PATH), a JSON map, or file://PATH with either.';

/** The text of every option, for the help and the manual page. */
export const HELP_SECTIONS: readonly HelpSection[] = [
  {
    title: 'The call',
    options: [
      option(
        '--ciphertext-blob BASE64 | fileb://PATH | -',
        'The ciphertext: base64, the raw bytes of a file, or those of standard input.',
      ),
      option(
        '--source-key-id ID',
        'The key it was made under: key id, key ARN, alias/NAME or alias ARN.',
      ),
      option('--source-encryption-context MAP', `The context it was made with. ${CONTEXT}`),
      option(
        '--source-encryption-algorithm NAME',
        'SYMMETRIC_DEFAULT unless the key is asymmetric.',
      ),
      option('--destination-key-id ID', 'The key to encrypt under. Required.'),
      option(
        '--destination-encryption-context MAP',
        'The context of the new ciphertext, written the same way.',
      ),
      option(
        '--destination-encryption-algorithm NAME',
        'SYMMETRIC_DEFAULT unless the key is asymmetric.',
      ),
      option('--grant-tokens TOKEN ...', 'Grant tokens, at most 10.'),
      option(
        '--dry-run | --no-dry-run',
        'Only ask whether the call would succeed; the answer is an error either way.',
      ),
      option(
        '--dry-run-modifiers IGNORE_CIPHERTEXT',
        'Check authorization alone, without a ciphertext.',
      ),
      option(
        '--cli-input-json JSON, --cli-input-yaml YAML',
        'All members in one text or file://PATH; options given beside it win.',
      ),
      option(
        '--generate-cli-skeleton [input | yaml-input | output]',
        'Print a request to fill in, or a sample answer, and call nothing.',
      ),
    ],
  },
  {
    title: 'Where it goes',
    options: [
      option(
        '--endpoint-url ENDPOINT',
        'A proxy over gRPC: HOST:PORT, unix:PATH, grpc://… or grpcs://… (TLS). Or any KMS endpoint in ' +
          "AWS's own protocol: http://… or https://…. Default: KRP_GRPC__LISTEN, else 127.0.0.1:50051.",
      ),
      option('--region NAME, --profile NAME', "For KMS endpoints, by the AWS CLI's own rules."),
      option('--no-sign-request', 'Send no signature and read no credentials.'),
      option('--no-verify-ssl, --ca-bundle FILE', 'Trust any certificate, or those in a PEM file.'),
      option(
        '--client-certificate FILE, --client-key FILE',
        'Own certificate and key (PEM), for mutual TLS with a proxy.',
      ),
      option('--token-file FILE', 'Bearer token for a proxy.'),
      option(
        '--cli-read-timeout SECONDS, --cli-connect-timeout SECONDS',
        '60 each; 0 waits for ever.',
      ),
    ],
  },
  {
    title: 'What is printed',
    options: [
      option(
        '--output json | yaml | yaml-stream | text | table | off',
        'Default json, AWS_DEFAULT_OUTPUT, or the profile.',
      ),
      option('--query EXPRESSION', 'JMESPath over the answer.'),
      option(
        '--output-file PATH | -',
        'Write the raw new ciphertext there, whole or not at all; - is standard output.',
      ),
      option('--color on | off | auto', 'Colours of tables; auto means on a terminal only.'),
      option(
        '--cli-error-format enhanced | legacy | json | yaml | text | table',
        'How refusals are told.',
      ),
      option(
        '--cli-binary-format base64 | raw-in-base64-out',
        'How text given for the blob is encoded.',
      ),
      option('--no-cli-pager', 'Do not page on a terminal (AWS_PAGER names the pager).'),
      option('--debug', 'Say on standard error what is done.'),
    ],
  },
];

interface Example {
  readonly what: string;
  readonly command: string;
}

export const EXAMPLES: readonly Example[] = [
  {
    what: 'Re-encrypt a file through the proxy and keep the raw result',
    command:
      're-encrypt --ciphertext-blob fileb://secret.kms --source-key-id alias/demo-source --source-encryption-context tenant=acme ' +
      '--destination-key-id alias/demo-destination --destination-encryption-context tenant=acme ' +
      '--output-file secret.new.kms --output off',
  },
  {
    what: 'In a pipe',
    command:
      're-encrypt --ciphertext-blob - --destination-key-id alias/new --output-file - < secret.kms > secret.new.kms',
  },
  {
    what: 'Straight at KMS, with the credentials and region of a profile',
    command:
      're-encrypt --endpoint-url https://kms.eu-central-1.amazonaws.com --profile ops ' +
      '--ciphertext-blob fileb://secret.kms --destination-key-id alias/new --query CiphertextBlob --output text',
  },
  {
    what: 'Ask policy alone',
    command:
      'check --source-key-id alias/a --destination-key-id alias/b --source-encryption-context tenant=acme',
  },
];

export const EXIT_CODES: readonly (readonly [string, string])[] = [
  ['0', 'done (check: allowed)'],
  ['252', 'the command line is wrong'],
  ['253', 'region, credentials or pager are missing'],
  ['254', 'the proxy, its policy or KMS refused'],
  ['255', 'anything else, such as an endpoint that does not answer'],
  ['130', 'interrupted'],
];
