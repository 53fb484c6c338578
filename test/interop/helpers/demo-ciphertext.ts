/** Makes a ciphertext with the embedded KMS's own Encrypt, over AWS's protocol. */
export async function encryptAt(
  endpoint: string,
  { keyId, plaintext, context }: EncryptOptions,
): Promise<Buffer> {
  const answer = await ask(endpoint, 'Encrypt', {
    KeyId: keyId,
    Plaintext: plaintext.toString('base64'),
    EncryptionContext: context,
  });
  return Buffer.from(String(answer['CiphertextBlob']), 'base64');
}

interface EncryptOptions {
  readonly keyId: string;
  readonly plaintext: Buffer;
  readonly context: Readonly<Record<string, string>>;
}

/** Decrypts, to prove that a re-encryption kept the plaintext. */
export async function decryptAt(
  endpoint: string,
  { ciphertext, context }: { ciphertext: Buffer; context: Readonly<Record<string, string>> },
): Promise<Buffer> {
  const answer = await ask(endpoint, 'Decrypt', {
    CiphertextBlob: ciphertext.toString('base64'),
    EncryptionContext: context,
  });
  return Buffer.from(String(answer['Plaintext']), 'base64');
}

async function ask(
  endpoint: string,
  operation: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `TrentService.${operation}`,
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${operation}: ${answer.status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
