import { describe, expect, it } from 'vitest';
import { REASONS, Refusal } from '../../src/errors.ts';
import { faultToRefusal, refuseFaults } from '../../src/kms/faults.ts';
import { type Kms, KmsFault } from '../../src/kms/port.ts';
import { toKmsRequest } from '../../src/kms/request.ts';
import { aPermit, DESTINATION_ARN, SOURCE_ARN } from './permits.ts';

const sent = { source: SOURCE_ARN, destination: DESTINATION_ARN };

describe('the reason of a KMS failure', () => {
  it.each([
    ['AccessDeniedException', 400, 'KMS_ACCESS_DENIED', 'PERMISSION_DENIED'],
    ['NotFoundException', 400, 'KMS_KEY_NOT_FOUND', 'NOT_FOUND'],
    ['DisabledException', 400, 'KMS_KEY_DISABLED', 'FAILED_PRECONDITION'],
    ['KMSInvalidStateException', 400, 'KMS_KEY_INVALID_STATE', 'FAILED_PRECONDITION'],
    ['InvalidKeyUsageException', 400, 'KMS_KEY_USAGE', 'FAILED_PRECONDITION'],
    ['InvalidCiphertextException', 400, 'KMS_INVALID_CIPHERTEXT', 'INVALID_ARGUMENT'],
    ['IncorrectKeyException', 400, 'KMS_INCORRECT_KEY', 'INVALID_ARGUMENT'],
    ['InvalidGrantTokenException', 400, 'KMS_INVALID_GRANT_TOKEN', 'INVALID_ARGUMENT'],
    ['ValidationException', 400, 'KMS_VALIDATION', 'INVALID_ARGUMENT'],
    ['ThrottlingException', 400, 'KMS_THROTTLED', 'RESOURCE_EXHAUSTED'],
    ['LimitExceededException', 400, 'KMS_THROTTLED', 'RESOURCE_EXHAUSTED'],
    ['KeyUnavailableException', 500, 'KMS_UNAVAILABLE', 'UNAVAILABLE'],
    ['DependencyTimeoutException', 503, 'KMS_UNAVAILABLE', 'UNAVAILABLE'],
    ['KMSInternalException', 500, 'KMS_UNAVAILABLE', 'UNAVAILABLE'],
    ['InternalFailure', 500, 'KMS_UNAVAILABLE', 'UNAVAILABLE'],
    ['ExpiredTokenException', 400, 'PROXY_CREDENTIALS', 'UNAVAILABLE'],
    ['UnrecognizedClientException', 400, 'PROXY_CREDENTIALS', 'UNAVAILABLE'],
    ['InvalidSignatureException', 400, 'PROXY_CREDENTIALS', 'UNAVAILABLE'],
    ['CredentialsProviderError', 0, 'PROXY_CREDENTIALS', 'UNAVAILABLE'],
    ['ECONNREFUSED', 0, 'KMS_UNREACHABLE', 'UNAVAILABLE'],
    ['ECONNRESET', 0, 'KMS_UNREACHABLE', 'UNAVAILABLE'],
    ['ENOTFOUND', 0, 'KMS_UNREACHABLE', 'UNAVAILABLE'],
    ['TimeoutError', 0, 'KMS_UNREACHABLE', 'UNAVAILABLE'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 0, 'KMS_UNREACHABLE', 'UNAVAILABLE'],
    ['MalformedAnswer', 503, 'KMS_UNAVAILABLE', 'UNAVAILABLE'],
    ['MalformedAnswer', 200, 'KMS_UNAVAILABLE', 'UNAVAILABLE'],
    ['UnknownError', 301, 'KMS_UNAVAILABLE', 'UNAVAILABLE'],
    ['NobodyKnowsException', 500, 'KMS_UNAVAILABLE', 'UNAVAILABLE'],
    ['NobodyKnowsException', 429, 'KMS_THROTTLED', 'RESOURCE_EXHAUSTED'],
    ['NobodyKnowsException', 400, 'INTERNAL', 'INTERNAL'],
    ['constructor', 400, 'INTERNAL', 'INTERNAL'],
  ])('%s with status %d is %s, %s', (code, httpStatus, reason, grpc) => {
    const refusal = faultToRefusal(new KmsFault(code, 'secret', { httpStatus, requestId: 'r-1' }));
    expect(refusal.reason).toBe(reason);
    expect(REASONS[refusal.reason].grpc).toBe(grpc);
    expect(refusal.message).not.toContain('secret');
    expect(refusal.kmsRequestId).toBe('r-1');
    const nameless = ['MalformedAnswer', 'UnknownError'].includes(code);
    expect(refusal.kmsError).toBe(httpStatus === 0 || nameless ? '' : code);
    expect(refusal.retryAfterMs !== undefined).toBe(
      grpc === 'UNAVAILABLE' || grpc === 'RESOURCE_EXHAUSTED',
    );
  });

  it('is INTERNAL for an unforeseen error, with the cause kept', () => {
    const cause = new TypeError('x is not a function');
    expect(faultToRefusal(cause)).toMatchObject({ reason: 'INTERNAL', cause });
  });

  it('is unchanged for a Refusal', () => {
    const refusal = new Refusal('DEADLINE_EXCEEDED');
    expect(faultToRefusal(refusal)).toBe(refusal);
  });
});

describe('the side of a KMS failure', () => {
  it.each([
    ['DisabledException', `${SOURCE_ARN} is disabled.`, 'source'],
    ['DisabledException', `${DESTINATION_ARN} is disabled.`, 'destination'],
    ['NotFoundException', `Key '${DESTINATION_ARN}' does not exist`, 'destination'],
    [
      'AccessDeniedException',
      `User: arn:aws:sts::1:assumed-role/proxy/i is not authorized to perform: kms:ReEncryptFrom on resource: ${DESTINATION_ARN}`,
      'source',
    ],
    ['AccessDeniedException', 'not authorized to perform: kms:ReEncryptTo', 'destination'],
    ['InvalidKeyUsageException', 'usage is not valid for ReEncryptTo.', 'destination'],
    ['AccessDeniedException', 'kms:ReEncryptFrom or kms:ReEncryptTo', ''],
    ['InvalidCiphertextException', '', 'source'],
    ['IncorrectKeyException', `does not identify ${DESTINATION_ARN}`, 'source'],
    ['ThrottlingException', 'Rate exceeded', ''],
    ['ValidationException', `${SOURCE_ARN} and ${DESTINATION_ARN}`, ''],
    ['NotFoundException', `Key '${SOURCE_ARN}0' does not exist`, ''],
  ])('%s: %s is %j', (code, message, side) => {
    expect(faultToRefusal(new KmsFault(code, message, { httpStatus: 400 }), sent).side).toBe(side);
  });

  it('does not confuse an alias with one that starts with it', () => {
    const aliases = { source: 'alias/app', destination: 'alias/app-2' };
    const fault = new KmsFault('NotFoundException', 'Alias alias/app-2 is not found.', {
      httpStatus: 400,
    });
    expect(faultToRefusal(fault, aliases).side).toBe('destination');
  });

  it('is unknown if both sides are the same key', () => {
    const same = { source: SOURCE_ARN, destination: SOURCE_ARN };
    const fault = new KmsFault('DisabledException', `${SOURCE_ARN} is disabled.`);
    expect(faultToRefusal(fault, same).side).toBe('');
  });

  it('is the destination’s if KMS names that, and the source key was left out', () => {
    const fault = new KmsFault('NotFoundException', `Key '${DESTINATION_ARN}' does not exist.`);
    expect(faultToRefusal(fault, { ...sent, source: '' }).side).toBe('destination');
  });

  it('is not named in the message while it is unknown', () => {
    const fault = new KmsFault('DisabledException', 'disabled');
    expect(faultToRefusal(fault, sent).message).toBe('A key of this call is disabled.');
  });

  it('is named in the message', () => {
    const fault = new KmsFault('DisabledException', `${SOURCE_ARN} is disabled.`);
    expect(faultToRefusal(fault, sent).message).toBe('The source key is disabled.');
    const other = new KmsFault('NotFoundException', `Key '${DESTINATION_ARN}' does not exist`);
    expect(faultToRefusal(other, sent).message).toBe('KMS does not know the destination key.');
  });
});

describe('a backend behind refuseFaults', () => {
  const fault = new KmsFault('NotFoundException', `Key '${SOURCE_ARN}' does not exist`, {
    httpStatus: 400,
  });
  const failing: Kms = {
    reEncrypt: () => Promise.reject(fault),
    describeKey: () => Promise.reject(fault),
    listAliases: () => Promise.reject(fault),
    listResourceTags: () => Promise.reject(fault),
    getPublicKey: () => Promise.reject(fault),
    sign: () => Promise.reject(fault),
    close: async () => {},
  };
  const { signal } = new AbortController();
  const kms = refuseFaults(failing);

  it('rejects with a Refusal from every method', async () => {
    const calls = [
      kms.describeKey('k', signal),
      kms.listAliases('k', signal),
      kms.listResourceTags('k', signal),
      kms.getPublicKey('k', signal),
      kms.sign({ keyArn: 'k', message: Buffer.from('m'), algorithm: 'ED25519_SHA_512', signal }),
    ];
    for (const call of calls) await expect(call).rejects.toBeInstanceOf(Refusal);
  });

  it('finds the side from the keys that were sent', async () => {
    const request = toKmsRequest(aPermit(), 'resolved');
    await expect(kms.reEncrypt(request)).rejects.toMatchObject({
      reason: 'KMS_KEY_NOT_FOUND',
      side: 'source',
    });
  });
});
