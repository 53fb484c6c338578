import { DescribeKeyCommand, ReEncryptCommand } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../../src/errors.ts';
import type { Pipeline } from '../../../src/pipeline.ts';
import { DESTINATION_ARN, SOURCE_ARN } from '../../kms/permits.ts';
import { DECISION, post, REQUEST, released, serveHandler } from './serve-handler.ts';

describe('ReEncrypt through the stock SDK', () => {
  it('makes the same call as over gRPC, with the decision id as request id', async () => {
    const { client, calls } = await serveHandler();
    const { $metadata, ...output } = await client().send(new ReEncryptCommand(REQUEST));
    expect($metadata.requestId).toBe(DECISION);
    expect(output).toEqual({
      CiphertextBlob: Uint8Array.of(9, 8, 7),
      SourceKeyId: SOURCE_ARN,
      KeyId: DESTINATION_ARN,
      SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      SourceKeyMaterialId: 'a'.repeat(64),
    });
    const [call] = calls;
    expect(call).toMatchObject({
      id: DECISION,
      action: 'kms:ReEncrypt',
      transport: 'kms_json',
      source: {
        keyId: 'alias/app',
        encryptionContext: { tenant: 'ä' },
        algorithm: 'SYMMETRIC_DEFAULT',
      },
      destination: { keyId: 'alias/app-new', encryptionContext: { tenant: 'b' } },
      grantTokens: ['token'],
      dryRun: false,
    });
    expect([...call!.ciphertext]).toEqual([1, 2, 3]);
  });

  it('answers with what KMS reported, each side with its own', async () => {
    const answer = {
      sourceAlgorithm: 'RSAES_OAEP_SHA_1',
      destinationAlgorithm: 'RSAES_OAEP_SHA_256',
      ...{ sourceKeyMaterialId: 'a', destinationKeyMaterialId: 'b' },
    };
    const { endpoint } = await serveHandler({
      pipeline: async (call) => ({
        ...released(call),
        answer: { ...released(call).answer, ...answer },
      }),
    });
    const { json } = await post(endpoint, { CiphertextBlob: 'AQID', DestinationKeyId: 'alias/b' });
    expect(json).toEqual({
      CiphertextBlob: 'CQgH',
      ...{ SourceKeyId: SOURCE_ARN, KeyId: DESTINATION_ARN },
      SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
      DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      ...{ SourceKeyMaterialId: 'a', DestinationKeyMaterialId: 'b' },
    });
  });

  it('answers a dry run that would succeed with DryRunOperationException', async () => {
    const { client } = await serveHandler();
    const call = client().send(new ReEncryptCommand({ ...REQUEST, DryRun: true }));
    await expect(call).rejects.toMatchObject({ name: 'DryRunOperationException' });
  });
});

describe('a call that ends early', () => {
  const endless: Pipeline = ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });

  it('that fails by a mistake of ours is logged under its id, and no other failure is', async () => {
    const fault = new TypeError('a mistake of ours');
    const told: unknown[][] = [];
    const failures: Error[] = [fault, new Refusal('KMS_UNAVAILABLE')];
    const { endpoint } = await serveHandler({
      pipeline: () => Promise.reject(failures.shift()),
      onInternal: (...what) => void told.push(what),
    });
    const body = { CiphertextBlob: 'AQID', SourceKeyId: null, DestinationKeyId: 'alias/b' };
    for (const _ of [1, 2]) expect(await post(endpoint, body)).toMatchObject({ status: 500 });
    expect(told).toEqual([[DECISION, fault]]);
  });

  it('is aborted at its deadline, and its error says so', async () => {
    const { client } = await serveHandler({ pipeline: endless, deadlineMs: 30 });
    await expect(client().send(new ReEncryptCommand(REQUEST))).rejects.toMatchObject({
      name: 'DependencyTimeoutException',
      message: expect.stringContaining('DEADLINE_EXCEEDED'),
    });
  });

  it('is cancelled when its caller goes away', async () => {
    const ended = Promise.withResolvers<unknown>();
    const caller = new AbortController();
    const pipeline: Pipeline = (call) => {
      const run = endless(call);
      run.catch(ended.resolve);
      // Not by a timer: on a busy machine the call might not have arrived yet.
      caller.abort();
      return run;
    };
    const { client } = await serveHandler({ pipeline });
    await client()
      .send(new ReEncryptCommand(REQUEST), { abortSignal: caller.signal })
      .catch(() => {});
    expect(await ended.promise).toMatchObject({ reason: 'CANCELLED' });
  });
});

describe('other operations', () => {
  it('are refused when KMS is AWS, and the error says what this endpoint is for', async () => {
    const { client } = await serveHandler();
    await expect(client().send(new DescribeKeyCommand({ KeyId: 'a' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringMatching(/serves ReEncrypt alone.*DescribeKey/),
    });
  });

  it('are served when the embedded KMS is the backend', async () => {
    const { client } = await serveHandler({
      others: (operation, body) => ({
        KeyMetadata: { KeyId: `${operation} ${JSON.stringify(body)}` },
      }),
    });
    const { KeyMetadata } = await client().send(new DescribeKeyCommand({ KeyId: 'a' }));
    expect(KeyMetadata?.KeyId).toBe('DescribeKey {"KeyId":"a"}');
  });
});
