import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Refusal } from '../../../src/errors.ts';
import { type AwsOptions, createAwsBackend } from '../../../src/kms/aws/backend.ts';
import { faultToRefusal, refuseFaults } from '../../../src/kms/faults.ts';
import { type Kms, KmsFault } from '../../../src/kms/port.ts';
import { toKmsRequest } from '../../../src/kms/request.ts';
import {
  type Behaviour,
  EMPTY_200,
  FAKE_REGION,
  type FakeKms,
  HTML_503,
  MATERIAL_ID,
  startFakeKms,
} from '../../helpers/fake-kms.ts';
import { aPermit, DESTINATION_ARN, SOURCE_ARN } from '../permits.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
type Wanted = Parameters<typeof aPermit>[0];
const request = (wanted?: Wanted) => toKmsRequest(aPermit(wanted), 'resolved');

describe.each(['direct', 'sdk'] as const)('over the %s transport', (transport) => {
  let fake: FakeKms;
  let kms: Kms;

  beforeAll(async () => {
    fake = await startFakeKms();
    const options: AwsOptions = {
      region: FAKE_REGION,
      endpoint: fake.url,
      credentials,
      transport,
      env: {},
      warn: () => {},
    };
    kms = await createAwsBackend(options);
  });
  afterEach(() => fake.forget());
  afterAll(async () => {
    await kms.close();
    await fake.close();
  });

  it('sends every member that the call has, and no other', async () => {
    await kms.reEncrypt(
      request({
        source: { encryptionContext: { tenant: 'ä\u{1f511}"\\', b: '2' } },
        destination: { algorithm: 'RSAES_OAEP_SHA_256', encryptionContext: {} },
        call: { ciphertext: Uint8Array.of(0, 255, 7), grantTokens: ['t1', 't2'] },
      }),
    );
    expect(fake.requests[0]?.body).toEqual({
      CiphertextBlob: 'AP8H',
      SourceKeyId: SOURCE_ARN,
      SourceEncryptionContext: { tenant: 'ä\u{1f511}"\\', b: '2' },
      SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      DestinationKeyId: DESTINATION_ARN,
      DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      GrantTokens: ['t1', 't2'],
    });
    expect(fake.requests[0]?.headers).toMatchObject({
      authorization: expect.stringContaining(`/${FAKE_REGION}/kms/aws4_request`),
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.ReEncrypt',
    });
    // Only the SDK sends this: the transport is the one that was asked for.
    expect('amz-sdk-request' in (fake.requests[0]?.headers ?? {})).toBe(transport === 'sdk');
  });

  it('leaves out an unknown source key, and sends a lone grant token', async () => {
    await kms.reEncrypt(request({ source: { keyId: '' }, call: { grantTokens: ['t1'] } }));
    expect(fake.requests[0]?.body).not.toHaveProperty('SourceKeyId');
    expect(fake.requests[0]?.body).toMatchObject({ GrantTokens: ['t1'] });
  });

  it('answers with every member that KMS gave, each side with its own', async () => {
    const change = {
      DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      DestinationKeyMaterialId: 'cd'.repeat(32),
    };
    fake.next({ kind: 'answer', change });
    const answer = await kms.reEncrypt(request());
    expect(answer).toMatchObject({
      sourceKeyArn: SOURCE_ARN,
      destinationKeyArn: DESTINATION_ARN,
      sourceAlgorithm: 'SYMMETRIC_DEFAULT',
      destinationAlgorithm: 'RSAES_OAEP_SHA_256',
      sourceKeyMaterialId: MATERIAL_ID,
      destinationKeyMaterialId: 'cd'.repeat(32),
      dryRun: false,
      requestId: '7a1f0000-0000-4000-8000-00000000f00d',
      attempts: 1,
    });
    expect(answer.ciphertext).toHaveLength(64);
    expect(answer.latencyNs).toBeGreaterThan(0);
  });

  it('treats DryRunOperationException as the answer of a dry run', async () => {
    const call = {
      dryRun: true,
      dryRunModifiers: ['IGNORE_CIPHERTEXT'] as const,
      ciphertext: new Uint8Array(0),
    };
    const answer = await kms.reEncrypt(request({ call }));
    expect(answer).toMatchObject({ dryRun: true, sourceKeyArn: '' });
    expect(fake.requests[0]?.body).toMatchObject({
      DryRun: true,
      DryRunModifiers: ['IGNORE_CIPHERTEXT'],
    });
    expect(fake.requests[0]?.body).not.toHaveProperty('CiphertextBlob');
  });

  it('leaves every member of an empty 200 empty, for confirm to refuse', async () => {
    fake.next(EMPTY_200);
    const answer = await kms.reEncrypt(request());
    expect(answer.ciphertext).toHaveLength(0);
    expect(answer).toMatchObject({ sourceKeyArn: '', destinationKeyArn: '', dryRun: false });
  });

  it.each<[string, unknown]>([
    ['a number', 12345],
    ['an object with a length', { length: 0, byteLength: 5 }],
    ['a list', ['x']],
  ])('takes a member that is %s for one that is absent', async (_, value) => {
    fake.next({ kind: 'answer', change: { CiphertextBlob: value, SourceKeyId: value } });
    const answer = await kms.reEncrypt(request());
    expect(answer.ciphertext).toHaveLength(0);
    expect(answer.sourceKeyArn).toBe('');
  });

  it('keeps no more of a name than any name has', async () => {
    const long = 'a'.repeat(50_000);
    fake.next({ kind: 'answer', change: { KeyId: long, SourceEncryptionAlgorithm: long } });
    const answer = await kms.reEncrypt(request());
    expect([answer.destinationKeyArn.length, answer.sourceAlgorithm.length]).toEqual([2100, 2100]);
  });

  it.each<[string, string]>([
    ['is larger than any of KMS’s', ' '.repeat(128 * 1024)],
    ['would take long to parse', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('refuses an answer that %s', async (_, body) => {
    fake.next({ kind: 'raw', status: 200, body: `${body}{}` });
    await expect(kms.reEncrypt(request())).rejects.toMatchObject({ code: 'MalformedAnswer' });
  });

  it('reuses one connection for successive calls', async () => {
    await kms.reEncrypt(request());
    const before = fake.connections();
    for (let call = 0; call < 5; call += 1) await kms.reEncrypt(request());
    expect(fake.connections()).toBe(before);
  });

  it.each<[string, Behaviour, string]>([
    ['a throttling error', { kind: 'error', name: 'ThrottlingException' }, 'KMS_THROTTLED'],
    [
      'an error with a namespace',
      { kind: 'error', name: 'com.amazonaws.kms#DisabledException' },
      'KMS_KEY_DISABLED',
    ],
    [
      'a missing permission',
      { kind: 'error', name: 'AccessDeniedException', message: 'kms:ReEncryptTo' },
      'KMS_ACCESS_DENIED',
    ],
    [
      'a KMS failure',
      { kind: 'error', name: 'KMSInternalException', status: 500 },
      'KMS_UNAVAILABLE',
    ],
    ['an expired token', { kind: 'error', name: 'ExpiredTokenException' }, 'PROXY_CREDENTIALS'],
    ['an HTML 503', HTML_503, 'KMS_UNAVAILABLE'],
    ['an HTML 200', { ...HTML_503, status: 200 } as Behaviour, 'KMS_UNAVAILABLE'],
    ['broken JSON', { kind: 'raw', status: 200, body: '{"KeyId": "arn' }, 'KMS_UNAVAILABLE'],
    ['a body cut in the middle', { kind: 'cut_body' }, 'KMS_UNREACHABLE'],
    ['a reset', { kind: 'reset' }, 'KMS_UNREACHABLE'],
  ])('maps %s', async (_, behaviour, reason) => {
    fake.next(behaviour);
    await expect(refuseFaults(kms).reEncrypt(request())).rejects.toMatchObject({ reason });
    expect(fake.requests).toHaveLength(1);
  });

  it.each<[string, string]>([
    ['is longer than a trailer may be', 'X'.repeat(60_000)],
    ['has a line end', 'NotFoundException\n'],
    ['would keep a backtracking pattern busy for minutes', `${':'.repeat(100_000)}\n`],
  ])('drops an error name that %s', async (_, name) => {
    fake.next({ kind: 'error', name });
    await expect(kms.reEncrypt(request())).rejects.toMatchObject({ code: 'UnknownError' });
  });

  it('drops an id that is too long to be real', async () => {
    const headers = { 'x-amzn-requestid': 'r'.repeat(12_000) };
    fake.next({ kind: 'raw', status: 400, body: '{"__type":"NotFoundException"}', headers });
    const code = 'NotFoundException';
    await expect(kms.reEncrypt(request())).rejects.toMatchObject({ code, requestId: '' });
    fake.next({ kind: 'answer', change: { SourceKeyMaterialId: 'a'.repeat(100_000) } });
    expect((await kms.reEncrypt(request())).sourceKeyMaterialId).toBe('');
  });

  it.each(['+275760-09-13T00:00:00.000Z', 'Fri, 31 Dec 9999 23:59:59 GMT'])(
    'keeps its signing clock after an answer dated %s',
    async (date) => {
      fake.next({
        kind: 'raw',
        status: 400,
        body: '{"__type":"NotFoundException"}',
        headers: { date },
      });
      const { signal } = new AbortController();
      await expect(kms.describeKey(SOURCE_ARN, signal)).rejects.toThrow();
      expect((await kms.describeKey(SOURCE_ARN, signal)).arn).toBe(SOURCE_ARN);
      await kms.reEncrypt(request());
      const year = String(new Date().getUTCFullYear());
      expect(fake.requests.map(({ headers }) => String(headers['x-amz-date']).slice(0, 4))).toEqual(
        [year, year, year],
      );
    },
  );

  it.each<[string, Behaviour]>([
    ['hangs', { kind: 'hang' }],
    ['sends its body a byte at a time', { kind: 'slow_body', everyMs: 200 }],
  ])('stops with the signal’s reason when KMS %s', async (_, behaviour) => {
    fake.next(behaviour);
    const abort = new AbortController();
    const deadline = new Refusal('DEADLINE_EXCEEDED');
    setTimeout(() => abort.abort(deadline), 60);
    const started = performance.now();
    const calling = kms.reEncrypt(request({ call: { signal: abort.signal } }));
    await expect(calling).rejects.toBe(deadline);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it.each([
    ['leaves', new Refusal('CANCELLED'), new Refusal('CANCELLED')],
    ['has no time left', new Refusal('DEADLINE_EXCEEDED'), { code: 'CredentialsProviderError' }],
  ])(
    'stops waiting for credentials when its caller %s, and blames KMS for nothing',
    async (_, end, told) => {
      // A call of the test before may still come to the other one.
      const unasked = await startFakeKms();
      const waiting = await createAwsBackend({
        region: FAKE_REGION,
        endpoint: unasked.url,
        credentials: () => new Promise(() => {}),
        transport,
        env: {},
        warn: () => {},
      });
      const abort = new AbortController();
      setTimeout(() => abort.abort(end), 60);
      const calling = waiting.reEncrypt(request({ call: { signal: abort.signal } }));
      await expect(calling).rejects.toMatchObject(told);
      expect(unasked.requests).toEqual([]);
      await waiting.close();
      await unasked.close();
    },
  );

  it('reads a body that comes in pieces', async () => {
    fake.next({ kind: 'slow_body', everyMs: 0 });
    expect((await kms.reEncrypt(request())).sourceKeyArn).toBe(SOURCE_ARN);
  });

  it('reports KMS as unreachable when nothing listens', async () => {
    const gone = await startFakeKms();
    await gone.close();
    const nobody = await createAwsBackend({
      region: FAKE_REGION,
      endpoint: gone.url,
      credentials,
      transport,
      env: {},
      warn: () => {},
    });
    const thrown = await nobody.reEncrypt(request()).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(KmsFault);
    expect(faultToRefusal(thrown).reason).toBe('KMS_UNREACHABLE');
    await nobody.close();
  });
});
