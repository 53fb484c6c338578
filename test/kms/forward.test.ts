import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import { createForward } from '../../src/kms/forward.ts';
import type { KmsRequest } from '../../src/kms/request.ts';
import { aPermit, DESTINATION_ARN, SOURCE_ARN } from './permits.ts';

function capture(keyIds: 'resolved' | 'requested') {
  const sent: KmsRequest[] = [];
  const reEncrypt = async (request: KmsRequest) => {
    sent.push(request);
    throw new Refusal('KMS_UNAVAILABLE');
  };
  return { sent, forward: createForward({ kms: { reEncrypt }, keyIds }) };
}

describe('what is sent to KMS', () => {
  it('is the ARNs that were judged, whatever alias the caller wrote', async () => {
    const { sent, forward } = capture('resolved');
    await expect(forward(aPermit())).rejects.toThrow(Refusal);
    expect(sent[0]?.source.keyId).toBe(SOURCE_ARN);
    expect(sent[0]?.destination.keyId).toBe(DESTINATION_ARN);
  });

  it('is the key ids as written, for IAM rules on kms:RequestAlias', async () => {
    const { sent, forward } = capture('requested');
    await expect(forward(aPermit())).rejects.toThrow(Refusal);
    expect(sent[0]?.source.keyId).toBe('alias/app');
    expect(sent[0]?.destination.keyId).toBe('alias/app-new');
  });

  it('leaves out the source key if the caller did', async () => {
    const { sent, forward } = capture('resolved');
    await expect(forward(aPermit({ source: { keyId: '' } }))).rejects.toThrow(Refusal);
    expect(sent[0]?.source.keyId).toBe('');
  });

  it('is frozen and carries the same contexts that were judged', async () => {
    const { sent, forward } = capture('resolved');
    const permit = aPermit();
    await expect(forward(permit)).rejects.toThrow(Refusal);
    expect(Object.isFrozen(sent[0])).toBe(true);
    expect(sent[0]?.source.encryptionContext).toBe(permit.call.source.encryptionContext);
  });

  it('is nothing once the call is over', async () => {
    const { sent, forward } = capture('resolved');
    const signal = AbortSignal.abort(new Refusal('CANCELLED'));
    await expect(forward(aPermit({ call: { signal } }))).rejects.toMatchObject({
      reason: 'CANCELLED',
    });
    expect(sent).toEqual([]);
  });
});
