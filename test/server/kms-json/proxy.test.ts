import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  KMSClient,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import { exportJWK, generateKeyPair } from 'jose';
import { afterEach, expect, it } from 'vitest';
import { type RunningProxy, startProxy } from '../../helpers/proxy.ts';

let proxy: RunningProxy;
afterEach(() => proxy.stop());

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

function client(accessKeyId = 'AKIDAPP', secretAccessKey = SECRET) {
  return new KMSClient({
    endpoint: `http://${proxy.addresses.kmsJson}`,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
  });
}

const ACME = { tenant: 'acme' };

async function encrypted(kms: KMSClient) {
  const KeyId = 'alias/demo-source';
  const Plaintext = new TextEncoder().encode('secret');
  const command = new EncryptCommand({ KeyId, Plaintext, EncryptionContext: ACME });
  return (await kms.send(command)).CiphertextBlob;
}

const moving = (CiphertextBlob: Uint8Array | undefined, tenant: string) =>
  new ReEncryptCommand({
    CiphertextBlob,
    SourceKeyId: 'alias/demo-source',
    SourceEncryptionContext: ACME,
    DestinationKeyId: 'alias/demo-destination',
    DestinationEncryptionContext: { tenant },
  });

it('a service with an AWS SDK passes policy and audit by only changing its endpoint URL', async () => {
  proxy = await startProxy();
  const kms = client();
  const blob = await encrypted(kms);
  const moved = await kms.send(moving(blob, 'acme'));
  const opened = await kms.send(
    new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: ACME }),
  );
  expect(new TextDecoder().decode(opened.Plaintext)).toBe('secret');

  const denied = await kms.send(moving(blob, 'globex')).catch((thrown: unknown) => thrown);
  expect(denied).toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringMatching(/reason POLICY_DENIED.*rule demo.*decision id [0-9a-f-]{36}\)$/),
  });
  const { requestId } = (denied as { $metadata: { requestId: string } }).$metadata;
  const entries = proxy.entries();
  const ids = entries.map((entry) => entry['decision_id']);
  expect(ids).toContain(requestId);
  expect(ids).toContain(moved.$metadata.requestId);
  const refusal = entries.find((entry) => entry['decision_id'] === requestId);
  expect(JSON.stringify(refusal)).toContain('kms_json');
  // Encrypt and Decrypt belong to the embedded KMS: they are not calls of the proxy.
  expect(new Set(ids.filter(Boolean)).size).toBe(2);
});

it('a configured access key becomes the principal, and others are turned away', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'access-key-'));
  const file = join(folder, 'secret');
  writeFileSync(file, SECRET, { mode: 0o600 });
  proxy = await startProxy([
    `kms_json.access_keys=[{id: AKIDAPP, secret_file: ${file}}]`,
    'identity.require=true',
  ]);
  rmSync(folder, { recursive: true });
  const blob = await encrypted(client());
  const denied = client().send(moving(blob, 'acme'));
  // The example policy has rules only for anonymous callers.
  await expect(denied).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(JSON.stringify(proxy.entries())).toContain('"AKIDAPP"');

  const wrong = client('AKIDAPP', 'wrong').send(moving(blob, 'acme'));
  await expect(wrong).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  const unknown = client('AKIDOTHER').send(new CreateKeyCommand({}));
  await expect(unknown).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
});

it('a signed request is identified by its access key even when gRPC callers use tokens', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'access-key-'));
  const [secret, jwks] = [join(folder, 'secret'), join(folder, 'jwks.json')];
  writeFileSync(secret, SECRET, { mode: 0o600 });
  const { publicKey } = await generateKeyPair('ES256');
  writeFileSync(jwks, JSON.stringify({ keys: [await exportJWK(publicKey)] }));
  proxy = await startProxy([
    `kms_json.access_keys=[{id: AKIDAPP, secret_file: ${secret}}]`,
    `identity.jwt={issuer: "https://issuer.example", audience: [krp], jwks_file: ${jwks}}`,
    'identity.require=true',
  ]);
  rmSync(folder, { recursive: true });
  const moved = client().send(moving(await encrypted(client()), 'acme'));
  await expect(moved).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('POLICY_DENIED'),
  });
  expect(JSON.stringify(proxy.entries())).toContain('"AKIDAPP"');
});
