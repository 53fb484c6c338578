import { hash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startAwsProxy } from './helpers/aws-proxy.ts';
import { closeAll, connect, reEncrypt } from './helpers/grpc-client.ts';
import { startProxy } from './helpers/proxy.ts';
import { until } from './helpers/until.ts';
import { EXAMPLE } from './policy/values.ts';

const ECHO = 'test/fixtures/policies/echo/bundle.tar.gz';

const CALL = {
  sourceKeyId: 'alias/demo-source',
  sourceEncryptionContext: { tenant: 'acme' },
  destinationKeyId: 'alias/demo-destination',
  destinationEncryptionContext: { tenant: 'acme' },
};

test('a reload opens the audit file anew, also where the bundle is only half written', async () => {
  const bundle = join(mkdtempSync(join(tmpdir(), 'reload-')), 'bundle.tar.gz');
  const whole = readFileSync(ECHO);
  writeFileSync(bundle, whole);
  const proxy = await startProxy([`policy.source=${bundle}`]);
  const moved = join(proxy.folder, 'audit.jsonl.1');
  writeFileSync(bundle, whole.subarray(0, 100));
  renameSync(join(proxy.folder, 'audit.jsonl'), moved);
  await expect(proxy.reload()).rejects.toThrow('not a complete gzipped tar');
  await expect.poll(() => readFileSync(moved, 'utf8')).toContain('"kind":"segment_close"');
  await expect.poll(() => proxy.entries().map(({ kind }) => kind)).toContain('reload');
  expect(proxy.logged.join('')).not.toContain('suspended');
  await proxy.stop();
});

test('a candidate that cannot be loaded stops no start: log, audit log and metrics say so', async () => {
  const candidate = join(mkdtempSync(join(tmpdir(), 'candidate-')), 'bundle.tar.gz');
  const proxy = await startProxy([`policy.candidate=${candidate}`]);
  const told = { which: 'candidate', msg: expect.stringContaining('policy refused: ') };
  expect(proxy.logged.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining(told),
  );
  await expect
    .poll(() => proxy.entries().flatMap(({ reload }) => reload ?? []))
    .toContainEqual(
      expect.objectContaining({ policy: 'candidate', outcome: 'refused', revision: '' }),
    );
  const probe = `http://${proxy.addresses.probe}`;
  const metrics = async () => (await fetch(`${probe}/metrics`)).text();
  const series = /^kms_reencrypt_candidate_info\{.*$/m;
  expect((await fetch(`${probe}/readyz`)).status).toBe(200);
  expect(await metrics()).not.toMatch(series);

  copyFileSync(EXAMPLE, candidate);
  await expect.poll(metrics).toMatch(series);
  await proxy.stop();
});

test('the audit log says which policies a run began with, before any call', async () => {
  const proxy = await startProxy([`policy.candidate=${ECHO}`]);
  const client = connect(proxy.endpoint);
  await new Promise((resolve) => client.CheckReEncrypt({ request: CALL }, resolve));
  closeAll(client);
  const entries = proxy.entries();
  const kinds = entries.map(({ kind }) => kind).filter((kind) => kind !== 'checkpoint');
  expect(kinds.slice(0, 5)).toEqual(['segment', 'started', 'reload', 'reload', 'check']);
  const activated = { outcome: 'activated', sentence: '' };
  const sha256 = (path: string) => hash('sha256', readFileSync(path), 'hex');
  expect(entries.flatMap(({ reload }) => reload ?? [])).toEqual([
    { ...activated, policy: 'serving', revision: 'example-2', digest: sha256(EXAMPLE) },
    { ...activated, policy: 'candidate', revision: expect.any(String), digest: sha256(ECHO) },
  ]);
  await proxy.stop();
});

test('calls that a stop cuts have their end in the log, whichever door they came through', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'cut-')), 'audit.jsonl');
  const settings = [`audit.file=${file}`, 'life.drain_ms=0'];
  const { kms, proxy, client } = await startAwsProxy({ settings });
  kms.always({ kind: 'hang' }, 'ReEncrypt');
  const calls = Array.from({ length: 4 }, () => [
    reEncrypt(client, { ...CALL, ciphertextBlob: Buffer.from('ciphertext') }),
    sendJson(proxy.addresses.kmsJson),
  ]).flat();
  const ended = Promise.allSettled(calls);
  await until(() => kms.requests.filter((one) => one.operation === 'ReEncrypt').length === 8);
  await proxy.stop();
  expect((await ended).map(({ status }) => status)).toEqual(calls.map(() => 'rejected'));
  const entries = readFileSync(file, 'utf8').trimEnd().split('\n');
  const reasons = entries.flatMap((line) => JSON.parse(line).outcome?.reason ?? []);
  expect(reasons).toEqual(calls.map(() => 'CANCELLED'));
  closeAll(client);
  await kms.close();
});

test.each(['grpc', 'kms_json'])(
  'a call through %s under way as a stop begins is answered',
  async (door) => {
    const { kms, proxy, client } = await startAwsProxy();
    kms.always({ kind: 'answer', delayMs: 300 }, 'ReEncrypt');
    const answered =
      door === 'grpc'
        ? reEncrypt(client, { ...CALL, ciphertextBlob: Buffer.from('ciphertext') })
        : sendJson(proxy.addresses.kmsJson).then((answer) => expect(answer.status).toBe(200));
    await until(() => kms.requests.some((one) => one.operation === 'ReEncrypt'));
    await proxy.stop();
    await answered;
    closeAll(client);
    await kms.close();
  },
);

function sendJson(address: string): Promise<Response> {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'TrentService.ReEncrypt',
  };
  const body = JSON.stringify({
    CiphertextBlob: 'Y2lwaGVydGV4dA==',
    SourceKeyId: CALL.sourceKeyId,
    DestinationKeyId: CALL.destinationKeyId,
  });
  return fetch(`http://${address}/`, { method: 'POST', headers, body });
}
