/**
 * Re-encrypts the ciphertext in a file through kms-reencrypt-proxy, by its own typed client.
 * Usage: node example.ts CIPHERTEXT_FILE RESULT_FILE, in a folder whose package.json says `"type": "module"`,
 * after `npm install` of the archive that `npm run build && npm pack` makes of the proxy.
 */
import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { createClient } from 'kms-reencrypt-proxy/client';
import { RefusedError } from 'kms-reencrypt-proxy/client/refused-error';

const [, , source = '', result = ''] = process.argv;
const { env } = process;
const client = createClient({ target: env['PROXY_TARGET'] ?? '127.0.0.1:50051' });
try {
  const answer = await client.reEncrypt(
    {
      ciphertextBlob: await readFile(source),
      sourceKeyId: env['SOURCE_KEY_ID'] ?? 'alias/demo-source',
      sourceEncryptionContext: { tenant: env['SOURCE_TENANT'] ?? 'acme' },
      destinationKeyId: env['DESTINATION_KEY_ID'] ?? 'alias/demo-destination',
      destinationEncryptionContext: { tenant: env['DESTINATION_TENANT'] ?? 'acme' },
    },
    { timeoutMs: Number(env['TIMEOUT_MS'] ?? 2000) },
  );
  await writeFile(result, answer.ciphertextBlob);
  process.stdout.write(
    `${printable(`released under ${answer.keyId} decision_id ${answer.decisionId}`)}\n`,
  );
} catch (error) {
  if (!(error instanceof RefusedError)) throw error;
  const { code, reason, layer, side, rule, decisionId } = error.facts;
  const about = `code=${code} reason=${reason} layer=${layer} side=${side} rule=${rule}`;
  const sentence = printable(`${error.message} [${about} decision_id=${decisionId}]`);
  process.stderr.write(`re-encrypt: ${sentence}\n`);
  process.exitCode = code === 'PERMISSION_DENIED' ? 77 : 70;
} finally {
  client.close();
}

/** Without what a terminal would obey instead of showing. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}
