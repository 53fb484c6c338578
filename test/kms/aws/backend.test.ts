import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AwsOptions, createAwsBackend } from '../../../src/kms/aws/backend.ts';
import { markedKeyId } from '../../../src/kms/embedded/marks.ts';
import { refuseFaults } from '../../../src/kms/faults.ts';
import { toKmsRequest } from '../../../src/kms/request.ts';
import { FAKE_REGION, type FakeKms, fakeKeyArn, startFakeKms } from '../../helpers/fake-kms.ts';
import { aPermit, SOURCE_ARN } from '../permits.ts';

let fake: FakeKms;
const { signal } = new AbortController();

beforeAll(async () => {
  fake = await startFakeKms();
});
afterEach(() => fake.forget());
afterAll(() => fake.close());

function backend(more: Partial<AwsOptions> = {}) {
  return createAwsBackend({
    region: FAKE_REGION,
    endpoint: fake.url,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    env: {},
    warn: () => {},
    ...more,
  });
}

describe('what is known of a key', () => {
  it('is what DescribeKey says, with a value for every fact', async () => {
    const kms = await backend();
    expect(await kms.describeKey('alias/app', signal)).toEqual({
      arn: fakeKeyArn('alias/app'),
      keyId: fakeKeyArn('alias/app').slice(-36),
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      origin: 'AWS_KMS',
      manager: 'CUSTOMER',
      state: 'Enabled',
      multiRegion: false,
      multiRegionType: '',
      createdAt: 1_735_689_600_000,
    });
    await kms.close();
  });

  it('is refused if DescribeKey answers without a key', async () => {
    const kms = refuseFaults(await backend());
    fake.next({ kind: 'raw', status: 200, body: '{}' });
    await expect(kms.describeKey('alias/app', signal)).rejects.toMatchObject({
      reason: 'KMS_UNAVAILABLE',
    });
    await kms.close();
  });

  it('is read only up to the size limit of an answer', async () => {
    const kms = refuseFaults(await backend());
    const body = JSON.stringify({ KeyMetadata: { Arn: SOURCE_ARN }, more: 'a'.repeat(1 << 20) });
    fake.next({ kind: 'raw', status: 200, body });
    await expect(kms.describeKey('alias/app', signal)).rejects.toMatchObject({
      reason: 'KMS_UNREACHABLE',
      cause: { code: 'MalformedAnswer' },
    });
    await kms.close();
  });

  it('has every alias and tag of all pages, in order', async () => {
    const kms = await backend();
    const page = (more: object) =>
      ({ kind: 'raw', status: 200, body: JSON.stringify(more) }) as const;
    fake.next(page({ Aliases: [{ AliasName: 'alias/z' }], Truncated: true, NextMarker: 'm' }));
    fake.next(page({ Aliases: [{ AliasName: 'alias/a' }], Truncated: false }));
    expect(await kms.listAliases(SOURCE_ARN, signal)).toEqual(['alias/a', 'alias/z']);
    expect(fake.requests.map(({ body }) => body['Marker'])).toEqual([undefined, 'm']);
    fake.next(page({ Tags: [{ TagKey: '__proto__', TagValue: '1' }], Truncated: false }));
    const tags = await kms.listResourceTags(SOURCE_ARN, signal);
    expect(Object.entries(tags)).toEqual([['__proto__', '1']]);
    await kms.close();
  });

  it.each<[string, 'listAliases' | 'listResourceTags', object]>([
    ['an empty answer', 'listResourceTags', {}],
    ['an empty answer', 'listAliases', {}],
    ['a list that is none', 'listAliases', { Aliases: 'abc' }],
    ['a value that is not text', 'listResourceTags', { Tags: [{ TagKey: 'a', TagValue: 5 }] }],
    ['a name that is not text', 'listAliases', { Aliases: [{ AliasName: { a: 1 } }] }],
    ['a tag without a key', 'listResourceTags', { Tags: [5, { TagValue: 'x' }] }],
    ['an alias without a name', 'listAliases', { Aliases: [{}] }],
    ['more, and not where', 'listResourceTags', { Tags: [], Truncated: true }],
    ['the same place again', 'listAliases', { Aliases: [], Truncated: true, NextMarker: 'm' }],
    ['a place that is not text', 'listAliases', { Aliases: [], Truncated: true, NextMarker: {} }],
  ])('was not obtained by %s to %s', async (_, method, answer) => {
    const kms = await backend();
    fake.always({ kind: 'raw', status: 200, body: JSON.stringify(answer) });
    await expect(kms[method](SOURCE_ARN, signal)).rejects.toMatchObject({
      code: 'MalformedAnswer',
    });
    fake.forget();
    await kms.close();
  });

  it.each([
    { KeyState: 5 },
    { KeyState: '' },
    { MultiRegion: 'false' },
    { Arn: 5 },
    { CreationDate: 'now' },
  ])('was not obtained where it is of another type: %j', async (fact) => {
    const kms = await backend();
    const KeyId = SOURCE_ARN.slice(-36);
    const KeyMetadata = { Arn: SOURCE_ARN, KeyId, KeyState: 'Enabled', ...fact };
    fake.next({ kind: 'raw', status: 200, body: JSON.stringify({ KeyMetadata }) });
    await expect(kms.describeKey(SOURCE_ARN, signal)).rejects.toMatchObject({
      code: 'MalformedAnswer',
    });
    await kms.close();
  });

  it('is asked for a hundred times at most, if its pages are empty and never end', async () => {
    const kms = await backend();
    for (let at = 1; at <= 120; at += 1) {
      const body = JSON.stringify({ Tags: [], Truncated: true, NextMarker: `${at}` });
      fake.next({ kind: 'raw', status: 200, body });
    }
    await expect(kms.listResourceTags(SOURCE_ARN, signal)).rejects.toMatchObject({
      code: 'MalformedAnswer',
    });
    expect(fake.requests).toHaveLength(100);
    fake.forget();
    await kms.close();
  });

  it('is given up if it comes byte by byte', async () => {
    const kms = await backend();
    fake.next({ kind: 'bytewise', bytes: 20_000 });
    await expect(kms.describeKey(SOURCE_ARN, signal)).rejects.toMatchObject({
      code: 'MalformedAnswer',
    });
    await kms.close();
  });

  it('is given up if its pages never end', async () => {
    const kms = refuseFaults(await backend());
    const Aliases = Array(100).fill({ AliasName: 'alias/a' });
    for (let at = 1; at <= 20; at += 1) {
      const more = { Aliases, Truncated: true, NextMarker: `${at}` };
      fake.next({ kind: 'raw', status: 200, body: JSON.stringify(more) });
    }
    await expect(kms.listAliases(SOURCE_ARN, signal)).rejects.toMatchObject({
      reason: 'KMS_UNAVAILABLE',
      cause: { code: 'MalformedAnswer' },
    });
    expect(fake.requests).toHaveLength(11);
    await kms.close();
  });
});

describe('a key pair', () => {
  const request = {
    keyArn: SOURCE_ARN,
    message: Buffer.from('text'),
    algorithm: 'ED25519_SHA_512',
    signal,
  } as const;

  it('signs the message itself, not a digest of it', async () => {
    const kms = await backend();
    const Signature = Buffer.from('signature').toString('base64');
    fake.next({ kind: 'raw', status: 200, body: JSON.stringify({ Signature }) });
    expect(Buffer.from(await kms.sign(request)).toString()).toBe('signature');
    expect(fake.requests.map(({ operation, body }) => ({ operation, body }))).toEqual([
      {
        operation: 'Sign',
        body: {
          KeyId: SOURCE_ARN,
          Message: Buffer.from('text').toString('base64'),
          MessageType: 'RAW',
          SigningAlgorithm: 'ED25519_SHA_512',
        },
      },
    ]);
    await kms.close();
  });

  it('is refused if KMS answers without a key, or without a signature', async () => {
    const kms = refuseFaults(await backend());
    for (const ask of [() => kms.sign(request), () => kms.getPublicKey('alias/app', signal)]) {
      fake.next({ kind: 'raw', status: 200, body: '{}' });
      await expect(ask()).rejects.toMatchObject({ reason: 'KMS_UNAVAILABLE' });
    }
    await kms.close();
  });

  it('of an embedded KMS is refused', async () => {
    const kms = await backend();
    const KeyId = fakeKeyArn(markedKeyId(new Uint8Array(12).fill(7), false));
    fake.next({ kind: 'raw', status: 200, body: JSON.stringify({ KeyId, PublicKey: 'AAAA' }) });
    for (const keyId of [KeyId, 'alias/app']) {
      await expect(kms.getPublicKey(keyId, signal)).rejects.toMatchObject({
        reason: 'KMS_KEY_NOT_FOUND',
      });
    }
    await kms.close();
  });
});

describe('both transports', () => {
  it('send the same body for 100 generated requests', async () => {
    const [direct, sdk] = await Promise.all([
      backend({ transport: 'direct' }),
      backend({ transport: 'sdk' }),
    ]);
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
    const context = fc.dictionary(fc.oneof(text, fc.constant('constructor')), text, { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(context, context, fc.uint8Array({ maxLength: 40 }), async (a, b, bytes) => {
        fake.forget();
        const permit = aPermit({
          source: { encryptionContext: a },
          destination: { encryptionContext: b },
          call: { ciphertext: bytes },
        });
        await direct.reEncrypt(toKmsRequest(permit, 'resolved'));
        await sdk.reEncrypt(toKmsRequest(permit, 'resolved'));
        expect(fake.requests[0]?.body).toEqual(fake.requests[1]?.body);
      }),
      { numRuns: 100, seed: 11 },
    );
    await direct.close();
    await sdk.close();
  });
});

describe('an embedded key', () => {
  const marked = fakeKeyArn(markedKeyId(new Uint8Array(12).fill(7), false));

  it.each(['direct', 'sdk'] as const)('is refused before %s sends anything', async (transport) => {
    const kms = await backend({ transport });
    for (const side of ['source', 'destination'] as const) {
      const permit = aPermit({ [`${side}Facts`]: { keyArn: marked } });
      await expect(kms.reEncrypt(toKmsRequest(permit, 'resolved'))).rejects.toMatchObject({
        reason: 'KMS_KEY_NOT_FOUND',
        side,
      });
    }
    const blob = { ciphertext: Uint8Array.of(0xe0, 0xbe, 0xdd, 0xed, 1, 2, 3) };
    const fromMarked = toKmsRequest(aPermit({ call: blob }), 'resolved');
    await expect(kms.reEncrypt(fromMarked)).rejects.toMatchObject({
      reason: 'KMS_INVALID_CIPHERTEXT',
    });
    await expect(kms.describeKey(marked, signal)).rejects.toMatchObject({
      reason: 'KMS_KEY_NOT_FOUND',
    });
    expect(fake.requests).toEqual([]);
    await kms.close();
  });

  it('is refused even behind an alias', async () => {
    const kms = await backend();
    const body = JSON.stringify({ KeyMetadata: { Arn: marked, KeyId: 'k', KeyState: 'Enabled' } });
    fake.next({ kind: 'raw', status: 200, body });
    await expect(kms.describeKey('alias/app', signal)).rejects.toMatchObject({
      reason: 'KMS_KEY_NOT_FOUND',
    });
    await kms.close();
  });

  it('is accepted if allow_embedded is set', async () => {
    const kms = await backend({ allowEmbedded: true });
    expect((await kms.describeKey(marked, signal)).arn).toBe(marked);
    await kms.close();
  });
});

it('a source that gave no credentials is asked again after a second', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::111122223333:role/proxy');
  vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', '/nowhere');
  for (const name of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY']) vi.stubEnv(`AWS_${name}`, undefined);
  const kms = await backend({ credentials: undefined });
  const describeKey = () => kms.describeKey('alias/app', signal);
  const none = { code: 'CredentialsProviderError', message: expect.stringContaining('ENOENT') };
  await expect(describeKey()).rejects.toMatchObject(none);
  for (const name of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY']) vi.stubEnv(`AWS_${name}`, 'AKID');
  await expect(describeKey()).rejects.toMatchObject(none);
  vi.advanceTimersByTime(1_000);
  expect(await describeKey()).toMatchObject({ arn: fakeKeyArn('alias/app') });
  await kms.close();
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

it('a token of a web identity that is a FIFO fails calls for want of credentials, and freezes nothing', async () => {
  const fifo = join(mkdtempSync(join(tmpdir(), 'backend-')), 'token');
  vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::111122223333:role/proxy');
  vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', fifo);
  for (const name of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY']) vi.stubEnv(`AWS_${name}`, undefined);
  const kms = await backend({ credentials: undefined });
  execFileSync('mkfifo', [fifo]);
  await expect(kms.describeKey('alias/app', signal)).rejects.toMatchObject({
    code: 'CredentialsProviderError',
    message: `no credentials: AWS_WEB_IDENTITY_TOKEN_FILE: ${fifo} is not a regular file`,
  });
  await kms.close();
  vi.unstubAllEnvs();
});

it.each([
  ['direct', 'ReEncrypt'],
  ['sdk', 'ReEncrypt'],
  ['direct', 'DescribeKey'],
] as const)(
  'credentials that KMS rejects are asked for anew (%s transport, %s)',
  async (transport, operation) => {
    const hold = (id: string) => {
      for (const name of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY']) vi.stubEnv(`AWS_${name}`, id);
    };
    hold('OLD');
    const kms = await backend({ credentials: undefined, transport });
    const call = () =>
      operation === 'ReEncrypt'
        ? kms.reEncrypt(toKmsRequest(aPermit(), 'resolved'))
        : kms.describeKey('alias/app', signal);
    await call();
    hold('NEW');
    fake.next({ kind: 'error', name: 'ExpiredTokenException' });
    await expect(call()).rejects.toMatchObject({ code: 'ExpiredTokenException' });
    await call();
    const used = fake.requests.map(({ headers }) =>
      /Credential=(\w+)/.exec(`${headers.authorization}`),
    );
    expect(used.map((found) => found?.[1])).toEqual(['OLD', 'OLD', 'NEW']);
    await kms.close();
    vi.unstubAllEnvs();
  },
);

describe('the direct transport', () => {
  it.each([
    ['moves its clock', 'whose date is far off, as the SDK does', 'Sat, 31 Jan 2032 10:00:00 GMT'],
    ['leaves its clock', 'whose date is not valid', '+275760-09-13T00:00:00.000Z'],
  ])('%s after a refusal %s', async (_, __, date) => {
    const server = createServer((request, response) => {
      dates.push(String(request.headers['x-amz-date']));
      response.writeHead(400, { date });
      response.end('{"__type":"InvalidSignatureException","message":"Signature expired"}');
    });
    const dates: string[] = [];
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const kms = await backend({ endpoint: `http://127.0.0.1:${port}` });
    for (let call = 0; call < 2; call += 1) {
      await expect(kms.reEncrypt(toKmsRequest(aPermit(), 'resolved'))).rejects.toThrow();
    }
    expect(dates[0]).not.toContain('20320131');
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    expect(dates[1]).toContain(date.endsWith('GMT') ? '20320131T1000' : today);
    await kms.close();
    server.closeAllConnections();
    server.close();
  });

  it('refuses a ciphertext that is not base64', async () => {
    const kms = refuseFaults(await backend());
    for (const CiphertextBlob of ['AAA', 'AA*A', 'AA=A', 'AAAA=']) {
      fake.next({ kind: 'answer', change: { CiphertextBlob } });
      await expect(kms.reEncrypt(toKmsRequest(aPermit(), 'resolved'))).rejects.toMatchObject({
        reason: 'KMS_UNAVAILABLE',
      });
    }
    await kms.close();
  });
});
