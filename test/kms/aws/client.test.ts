import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createClient } from '../../../src/kms/aws/client.ts';
import { createRenewal } from '../../../src/kms/aws/renewal.ts';
import { FAKE_REGION } from '../../helpers/fake-kms.ts';

/** A credentials service as a container has one. */
const service = { key: '', lifeMs: 3_600_000, asked: 0 };
const server = createServer((_, response) => {
  service.asked += 1;
  response.writeHead(200, { 'content-type': 'application/json' });
  const Expiration = new Date(Date.now() + service.lifeMs).toISOString();
  response.end(
    JSON.stringify({ AccessKeyId: service.key, SecretAccessKey: 's', Token: 't', Expiration }),
  );
});

beforeEach(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  for (const name of Object.keys(process.env))
    if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `http://127.0.0.1:${port}/`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

it('asks for credentials again where a header could not carry those that it got', async () => {
  const client = createClient({ region: FAKE_REGION }, createRenewal());
  service.key = 'AKID\r\nx-evil: 1';
  await expect(client.config.credentials()).rejects.toMatchObject({
    name: 'CredentialsProviderError',
  });
  service.key = 'AKIDEXAMPLE';
  await expect
    .poll(() => client.config.credentials().catch(() => undefined), { timeout: 5000 })
    .toMatchObject({ accessKeyId: 'AKIDEXAMPLE' });
  client.destroy();
});

it('asks once for credentials that are past by our clock, and uses them', async () => {
  Object.assign(service, { key: 'AKIDPAST', lifeMs: -7_200_000, asked: 0 });
  const client = createClient({ region: FAKE_REGION }, createRenewal());
  for (let call = 0; call < 50; call += 1) {
    expect(await client.config.credentials()).toMatchObject({ accessKeyId: 'AKIDPAST' });
  }
  expect(service.asked).toBe(1);
  client.destroy();
});

it('reads a credentials file again once KMS has rejected the keys in it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'client-')), 'credentials');
  const put = (key: string) =>
    writeFileSync(file, `[default]\naws_access_key_id = ${key}\naws_secret_access_key = s\n`);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file);
  const renewal = createRenewal();
  const client = createClient({ region: FAKE_REGION }, renewal);
  put('AKIDOLD');
  expect(await client.config.credentials()).toMatchObject({ accessKeyId: 'AKIDOLD' });
  put('AKIDNEW');
  renewal.note('InvalidClientTokenId');
  expect(await client.config.credentials()).toMatchObject({ accessKeyId: 'AKIDNEW' });
  client.destroy();
});

it('refuses credentials that a process says end at no date: every call would start another', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'client-'));
  const said = JSON.stringify({
    Version: 1,
    AccessKeyId: 'AKIDPROCESS',
    SecretAccessKey: 's',
    Expiration: 'soon',
  });
  writeFileSync(join(folder, 'said.json'), said);
  writeFileSync(
    join(folder, 'config'),
    `[default]\ncredential_process = cat ${folder}/said.json\n`,
  );
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  const client = createClient({ region: FAKE_REGION }, createRenewal());
  await expect(client.config.credentials()).rejects.toThrow('their Expiration is no date');
  client.destroy();
});
