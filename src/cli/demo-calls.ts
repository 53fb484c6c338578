import { basename, relative } from 'node:path';
import process from 'node:process';
import type { EmbeddedKms } from '../kms/embedded/embedded.ts';

interface Demo {
  readonly embedded: EmbeddedKms;
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const SOURCE = 'alias/demo-source';
const DESTINATION = 'alias/demo-destination';

/** Two calls to paste, one that the example policy allows and one that it denies; '' without the demo's keys. */
export function demoCalls({ embedded, endpoint, env }: Demo): string {
  const blob = demoCiphertext(embedded);
  if (blob === undefined) return '';
  const call = (tenant: string) =>
    [
      `${program(env)} re-encrypt --endpoint-url ${endpoint}`,
      `--ciphertext-blob ${blob}`,
      `--source-key-id ${SOURCE} --source-encryption-context tenant=acme`,
      `--destination-key-id ${DESTINATION} --destination-encryption-context tenant=${tenant}`,
    ].join(' \\\n    ');
  return `
The embedded KMS serves: for laptops and CI, never for production.

A call that the example policy allows:

  ${call('acme')}

One that it denies, because the tenant changes:

  ${call('globex')}

`;
}

function demoCiphertext({ operations }: EmbeddedKms): string | undefined {
  const known = new Set(operations.ListAliases({ Limit: 1000 }).Aliases.map((a) => a.AliasName));
  if (!known.has(SOURCE) || !known.has(DESTINATION)) return undefined;
  const { CiphertextBlob } = operations.Encrypt({
    KeyId: SOURCE,
    Plaintext: Buffer.from('hello from the demo'),
    EncryptionContext: { tenant: 'acme' },
  });
  return Buffer.from(CiphertextBlob).toString('base64');
}

/** How this very program was called, so that what is printed can be pasted. */
function program(env: Demo['env']): string {
  if (env['npm_lifecycle_event']) return 'npm run -s cli --';
  const script = process.argv[1] ?? '';
  if (basename(script) === 'kms-reencrypt-proxy') return 'kms-reencrypt-proxy';
  return `${process.execPath} ${relative('', script)}`;
}
