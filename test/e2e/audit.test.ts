import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';

const schema = z.fromJSONSchema(JSON.parse(readFileSync('policies/schemas/audit.json', 'utf8')));

let proxy: RunningProxy;
const segments = () =>
  readdirSync(proxy.folder).filter((name) => /^audit(-\d{12})?\.jsonl$/.test(name));
const entries = () =>
  segments().flatMap((name) =>
    readFileSync(join(proxy.folder, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );

beforeAll(async () => {
  proxy = await startProxy([
    'audit.checkpoint.every_ms=50',
    'policy.candidate=test/fixtures/policies/mask/bundle.tar.gz',
  ]);
  const client = connect(proxy.endpoint);
  const made = proxy.embedded?.operations.Encrypt({
    KeyId: 'alias/demo-source',
    Plaintext: Buffer.from('x'),
    EncryptionContext: { tenant: 'acme' },
  });
  const call = (tenant: string) => ({
    ciphertextBlob: made?.CiphertextBlob ?? Buffer.alloc(0),
    sourceKeyId: 'alias/demo-source',
    sourceEncryptionContext: { tenant: 'acme' },
    destinationKeyId: 'alias/demo-destination',
    destinationEncryptionContext: { tenant },
  });
  await reEncrypt(client, call('acme'));
  await refusalOf(reEncrypt(client, call('globex')));
  closeAll(client);
});

afterAll(() => proxy.stop());

test('SIGHUP closes the log’s segment and begins another', async () => {
  await proxy.reload();
  await expect.poll(() => segments().length).toBe(2);
  await expect.poll(() => entries().map(({ kind }) => kind)).toContain('segment_close');
});

test('all entries that a proxy writes match policies/schemas/audit.json', async () => {
  const written = ['segment', 'started', 'intent', 'outcome', 'refusal', 'shadow', 'checkpoint'];
  await expect
    .poll(() => entries().map(({ kind }) => kind))
    .toEqual(expect.arrayContaining(written));
  const denied = entries().find(({ kind }) => kind === 'refusal').decision_id;
  await expect
    .poll(() => shadowOf(denied))
    .toMatchObject({ comparison: 'deny_to_allow', served: { effect: 'deny' } });
  for (const entry of entries()) expect(schema.parse(entry)).toEqual(entry);
});

/** The candidate is asked after the reply, on its own thread. */
const shadowOf = (id: string) =>
  entries().find(({ kind, decision_id }) => kind === 'shadow' && decision_id === id)?.shadow;

test('the entry of a denial holds the decision, and the keys that it is about', () => {
  expect(entries().find(({ kind }) => kind === 'refusal')).toMatchObject({
    input: { source: { alias: 'alias/demo-source', known: true }, destination: { known: true } },
    outcome: { reason: 'POLICY_DENIED' },
    result: { allow: false, reasons: [expect.anything()] },
  });
});

test('the time that the disk takes is measured', async () => {
  const count = await proxy.metric('kms_reencrypt_audit_commit_seconds_count');
  expect(Number(count)).toBeGreaterThan(2);
});
