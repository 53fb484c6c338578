import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kms, KmsFault } from '../../src/kms/port.ts';
import { toKmsRequest } from '../../src/kms/request.ts';
import { BACKENDS, openBackends } from '../helpers/backends.ts';
import { kmsWithClock, REGION } from './embedded/helpers.ts';
import { aPermit } from './permits.ts';

const { kms: embedded, operations } = kmsWithClock();
const never = new AbortController().signal;
let backends: Awaited<ReturnType<typeof openBackends>>;

beforeAll(async () => {
  backends = await openBackends(embedded, REGION);
});
afterAll(() => backends.close());

const { KeyMetadata: rsa } = operations.CreateKey({
  KeySpec: 'RSA_2048',
  KeyUsage: 'ENCRYPT_DECRYPT',
});

function setUp(call: Parameters<typeof aPermit>[0] = {}) {
  const [source, destination] = [operations.CreateKey({}), operations.CreateKey({})];
  const [from, to] = [source.KeyMetadata, destination.KeyMetadata];
  const { CiphertextBlob: ciphertext } = operations.Encrypt({
    KeyId: from.KeyId,
    Plaintext: Uint8Array.of(1, 2),
    EncryptionContext: { tenant: 'a' },
  });
  const permit = aPermit({
    ...call,
    call: { ciphertext, ...call.call },
    source: { encryptionContext: { tenant: 'a' }, ...call.source },
    destination: { encryptionContext: { tenant: 'a' }, ...call.destination },
  });
  const request = toKmsRequest(permit, 'resolved');
  return {
    from,
    to,
    request: {
      ...request,
      source: { ...request.source, keyId: from.Arn },
      destination: { ...request.destination, keyId: to.Arn },
    },
  };
}

describe.each(BACKENDS)('the backend %s', (name) => {
  let backend: Kms;
  beforeAll(() => {
    backend = backends.of(name);
  });

  it('performs exactly the request and answers completely', async () => {
    const { from, to, request } = setUp();
    const answer = await backend.reEncrypt(request);
    expect(answer).toMatchObject({
      sourceKeyArn: from.Arn,
      destinationKeyArn: to.Arn,
      sourceAlgorithm: 'SYMMETRIC_DEFAULT',
      destinationAlgorithm: 'SYMMETRIC_DEFAULT',
      sourceKeyMaterialId: from.CurrentKeyMaterialId,
      destinationKeyMaterialId: to.CurrentKeyMaterialId,
      dryRun: false,
      attempts: 1,
    });
    expect(answer.requestId).toMatch(/^[0-9a-f-]{36}$/);
    const opened = operations.Decrypt({
      CiphertextBlob: answer.ciphertext,
      EncryptionContext: { tenant: 'a' },
    });
    expect([...opened.Plaintext]).toEqual([1, 2]);
  });

  it('encrypts by the algorithm of the destination, and reports each side’s own', async () => {
    const { request } = setUp();
    const algorithm = 'RSAES_OAEP_SHA_256' as const;
    const destination = { keyId: rsa.Arn, encryptionContext: {}, algorithm };
    expect(await backend.reEncrypt({ ...request, destination })).toMatchObject({
      sourceAlgorithm: 'SYMMETRIC_DEFAULT',
      destinationAlgorithm: 'RSAES_OAEP_SHA_256',
    });
  });

  it('a dry run that would succeed is an answer, not an error', async () => {
    const { request } = setUp({ call: { dryRun: true } });
    const answer = await backend.reEncrypt(request);
    expect(answer).toMatchObject({ dryRun: true, sourceKeyArn: '', destinationKeyArn: '' });
    expect(answer).toMatchObject({ sourceAlgorithm: '', destinationAlgorithm: '' });
    expect(answer.ciphertext.byteLength).toBe(0);
  });

  it('a failure is a KmsFault with KMS’s name, status and a request id', async () => {
    const { to, request } = setUp();
    operations.DisableKey({ KeyId: to.KeyId });
    const fault = await backend.reEncrypt(request).catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(KmsFault);
    expect(fault).toMatchObject({
      code: 'DisabledException',
      message: `${to.Arn} is disabled.`,
      httpStatus: 400,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('a call that is aborted before it begins rejects with the reason', async () => {
    const late = new Error('too late');
    const signal = AbortSignal.abort(late);
    const { from, request } = setUp();
    const calls = [
      backend.reEncrypt({ ...request, signal }),
      backend.describeKey(from.Arn, signal),
      backend.listAliases(from.Arn, signal),
      backend.listResourceTags(from.Arn, signal),
      backend.getPublicKey(from.Arn, signal),
      backend.sign({
        ...{ keyArn: from.Arn, message: Uint8Array.of(1), algorithm: 'ECDSA_SHA_256', signal },
      }),
    ];
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes).toEqual(calls.map(() => ({ status: 'rejected', reason: late })));
  });

  it('describes keys, their aliases and all their tags', async () => {
    const Tags = Array.from({ length: 50 }, (_, i) => ({ TagKey: `k${i}`, TagValue: 'v' }));
    const { KeyMetadata } = operations.CreateKey({ MultiRegion: true, Tags });
    const { KeyId, Arn } = KeyMetadata;
    for (const last of ['b', 'a']) {
      operations.CreateAlias({ AliasName: `alias/${KeyId}-${last}`, TargetKeyId: KeyId });
    }
    expect(await backend.describeKey(`alias/${KeyId}-a`, never)).toEqual({
      arn: Arn,
      keyId: KeyId,
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      origin: 'AWS_KMS',
      manager: 'CUSTOMER',
      state: 'Enabled',
      multiRegion: true,
      multiRegionType: 'PRIMARY',
      createdAt: expect.any(Number),
    });
    expect(await backend.listAliases(Arn, never)).toEqual([`alias/${KeyId}-a`, `alias/${KeyId}-b`]);
    expect(Object.keys(await backend.listResourceTags(Arn, never))).toHaveLength(50);
  });
});
