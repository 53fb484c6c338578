import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReEncryptServiceClient } from '../../src/gen/kms/reencrypt/v1/ReEncryptService.ts';
import { closeAll, connect, reEncrypt, refusalOf } from '../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../helpers/proxy.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const PLAINTEXT = Buffer.from('plaintext');

let proxy: RunningProxy;
let client: ReEncryptServiceClient;
let ciphertextBlob: Uint8Array;

beforeAll(async () => {
  proxy = await startProxy();
  client = connect(proxy.endpoint);
  ciphertextBlob = encrypt();
});

afterAll(async () => {
  closeAll(client);
  await proxy.stop();
});

function encrypt(tenant = 'acme'): Uint8Array {
  const made = proxy.embedded?.operations.Encrypt({
    KeyId: 'alias/demo-source',
    Plaintext: PLAINTEXT,
    EncryptionContext: { tenant },
  });
  return made?.CiphertextBlob ?? new Uint8Array();
}

const request = (destinationTenant = 'acme') => ({
  ciphertextBlob,
  sourceKeyId: 'alias/demo-source',
  sourceEncryptionContext: { tenant: 'acme' },
  destinationKeyId: 'alias/demo-destination',
  destinationEncryptionContext: { tenant: destinationTenant },
});

const entriesOf = (decisionId: string) =>
  proxy.entries().filter((entry) => entry['decision_id'] === decisionId);

const metric = async (line: RegExp) => {
  return Number(line.exec(await proxy.metrics())?.[1] ?? Number.NaN);
};

describe('a call with very many wrong fields', () => {
  test('is refused with an explanation, and other calls of its connection are unaffected', async () => {
    const wrong = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`key-${n}`, '']));
    const [told, answer] = await Promise.all([
      refusalOf(reEncrypt(client, { ...request(), sourceEncryptionContext: wrong })),
      reEncrypt(client, request()),
    ]);
    expect(told).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' });
    expect(told.message).toContain('and 999 more');
    expect(told.fields.length).toBe(16);
    expect(answer.ciphertextBlob.length).toBeGreaterThan(0);
  });
});

describe('an allowed call', () => {
  test('answers with a ciphertext that decrypts to the same plaintext under the other key', async () => {
    const answer = await reEncrypt(client, request());
    const decrypted = proxy.embedded?.operations.Decrypt({
      KeyId: 'alias/demo-destination',
      CiphertextBlob: answer.ciphertextBlob,
      EncryptionContext: { tenant: 'acme' },
    });
    expect(Buffer.from(decrypted?.Plaintext ?? [])).toEqual(PLAINTEXT);
    expect(answer.keyId).not.toBe(answer.sourceKeyId);
    expect(answer).toMatchObject({
      sourceEncryptionAlgorithm: 'ENCRYPTION_ALGORITHM_SYMMETRIC_DEFAULT',
      destinationEncryptionAlgorithm: 'ENCRYPTION_ALGORITHM_SYMMETRIC_DEFAULT',
      sourceKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
      destinationKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
      decisionId: expect.stringMatching(UUID),
      dryRun: false,
    });
  });

  test('records an intent and then a released outcome', async () => {
    const { decisionId } = await reEncrypt(client, request());
    const entries = entriesOf(decisionId);
    expect(entries.map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
    expect(entries[1]).toMatchObject({ outcome: { status: 'released', code: 'OK' } });
  });

  test('is counted', async () => {
    const released = /kms_reencrypt_calls_total\{[^}]*outcome="released"[^}]*\} (\d+)/;
    const handled =
      /grpc_server_handled_total\{[^}]*grpc_method="ReEncrypt"[^}]*grpc_code="OK"[^}]*\} (\d+)/;
    const before = [await metric(released), await metric(handled)];
    await reEncrypt(client, request());
    expect([await metric(released), await metric(handled)]).toEqual(before.map((n) => n + 1));
  });

  test('has the age of cached key facts measured', async () => {
    const ages = /kms_reencrypt_key_cache_age_seconds_count (\d+)/;
    await reEncrypt(client, request());
    const before = await metric(ages);
    await reEncrypt(client, request());
    expect(await metric(ages)).toBe(before + 2);
  });

  test('may be a dry run, which makes no ciphertext', async () => {
    const answer = await reEncrypt(client, { ...request(), dryRun: true });
    expect(answer).toMatchObject({ dryRun: true, decisionId: expect.stringMatching(UUID) });
    expect(answer.ciphertextBlob).toHaveLength(0);
    expect(entriesOf(answer.decisionId)[1]).toMatchObject({ outcome: { status: 'dry_run' } });
  });

  test('may leave the source key to KMS if policy allows it, and is then judged again', async () => {
    const { sourceKeyId: _, ...unnamed } = request();
    const answer = await reEncrypt(client, unnamed);
    expect(answer.sourceKeyId).toMatch(/^arn:aws:kms:/);
    const [intent, outcome] = entriesOf(answer.decisionId);
    expect(intent).toMatchObject({ input: { phase: 'request', source: { known: false } } });
    expect(outcome).toMatchObject({
      input: { phase: 'result', source: { known: true, key_arn: answer.sourceKeyId } },
    });
  });
});

describe('a denied call', () => {
  test('names layer, rule and side, and carries its decision id', async () => {
    const told = await refusalOf(reEncrypt(client, request('globex')));
    expect(told).toMatchObject({
      code: status.PERMISSION_DENIED,
      reason: 'POLICY_DENIED',
      metadata: {
        layer: 'policy',
        rule: expect.stringMatching(/./),
        side: 'destination',
        decision_id: told.decisionId,
      },
      retries: false,
    });
    expect(told.message).toMatch(/tenant/);
  });

  test('is recorded as one refusal, and KMS is not asked', async () => {
    const asked = /^kms_reencrypt_kms_attempts_total{operation="ReEncrypt"} (\d+)$/m;
    const before = await metric(asked);
    expect(before).not.toBeNaN();
    const { decisionId } = await refusalOf(reEncrypt(client, request('globex')));
    expect(entriesOf(decisionId)).toMatchObject([
      { kind: 'refusal', outcome: { status: 'denied', reason: 'POLICY_DENIED' } },
    ]);
    expect(await metric(asked)).toBe(before);
  });
});

describe('a refusal by KMS', () => {
  test('is reported as KMS’s, with its error name, and recorded as failed', async () => {
    const broken = { ...request(), ciphertextBlob: Uint8Array.from([...ciphertextBlob, 0]) };
    const told = await refusalOf(reEncrypt(client, broken));
    expect(told).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'KMS_INVALID_CIPHERTEXT',
      metadata: { layer: 'KMS', kms_error: 'InvalidCiphertextException' },
    });
    expect(entriesOf(told.decisionId)[1]).toMatchObject({
      kind: 'outcome',
      outcome: { status: 'failed', reason: 'KMS_INVALID_CIPHERTEXT' },
    });
  });

  test('of an unknown alias is NOT_FOUND, with the side that names it', async () => {
    const told = await refusalOf(
      reEncrypt(client, { ...request(), destinationKeyId: 'alias/nobody' }),
    );
    expect(told).toMatchObject({
      code: status.NOT_FOUND,
      reason: 'KMS_KEY_NOT_FOUND',
      metadata: { side: 'destination' },
    });
  });
});

describe('bad input', () => {
  // biome-ignore format: a table reads best with a case a line.
  test.each([
    ['an empty ciphertext', { ciphertextBlob: new Uint8Array() }, 'ciphertext_blob'],
    ['6,145 bytes', { ciphertextBlob: new Uint8Array(6145) }, 'ciphertext_blob'],
    ['11 grant tokens', { grantTokens: Array(11).fill('t') }, 'grant_tokens'],
    ['a malformed ARN', { destinationKeyId: 'arn:aws:kms:x' }, 'destination_key_id'],
    ['a context with U+FFFD', { sourceEncryptionContext: { a: '\uFFFD' } }, 'source_encryption_context'],
    ['an unknown enum value', { sourceEncryptionAlgorithm: 99 as never }, 'source_encryption_algorithm'],
  ])('%s is INVALID_ARGUMENT and names its field', async (_name, wrong, field) => {
    const told = await refusalOf(reEncrypt(client, { ...request(), ...wrong }));
    expect(told).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' });
    expect(told.fields.map((violation) => violation.field)).toEqual([field]);
    expect(told.decisionId).toMatch(UUID);
  });

  test('invalid UTF-8 in a context is refused, not repaired', async () => {
    const key = Buffer.from([0x0a, 0x02, 0xff, 0xfe, 0x12, 0x01, 0x61]);
    const bytes = Buffer.concat([Buffer.from([0x12, key.length]), key]);
    const told = await refusalOf(raw(bytes));
    expect(told.fields.map(({ field }) => field)).toContain('source_encryption_context');
  });

  test('undecodable bytes are the caller’s mistake', async () => {
    const told = await refusalOf(raw(Buffer.from([0x0a, 0xff])));
    expect(told).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' });
    expect(told.fields).toMatchObject([{ field: 'request' }]);
  });

  test('a message over 256 KiB is refused for its size', async () => {
    await expect(raw(Buffer.alloc(256 * 1024 + 1))).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/262145 vs 262144/),
    });
  });

  function raw(bytes: Buffer): Promise<unknown> {
    const same = (value: Buffer) => value;
    const path = '/kms.reencrypt.v1.ReEncryptService/ReEncrypt';
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, same, same, bytes, (error, value) =>
        error ? reject(error) : resolve(value),
      );
    });
  }
});

describe('the proxy', () => {
  test('is live and ready', async () => {
    for (const path of ['livez', 'readyz']) {
      const answer = await fetch(`http://${proxy.addresses.probe}/${path}`);
      expect(answer.status).toBe(200);
    }
  });
});
