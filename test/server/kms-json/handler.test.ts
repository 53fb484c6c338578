import { createHash, createHmac, createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DescribeKeyCommand, KMSClient, ReEncryptCommand } from '@aws-sdk/client-kms';
import { afterEach, describe, expect, it } from 'vitest';
import type { Call } from '../../../src/call.ts';
import { Refusal } from '../../../src/errors.ts';
import type { Pipeline, Released } from '../../../src/pipeline.ts';
import { createKmsJsonHandler, type KmsJsonOptions } from '../../../src/server/kms-json/handler.ts';
import { aPermit, DESTINATION_ARN, SOURCE_ARN } from '../../kms/permits.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const accessKeys = new Map([['AKIDAPP', createSecretKey(Buffer.from(SECRET))]]);
const DECISION = '5f0c1c3e-1111-4222-8333-444455556666';

function released(call: Call, dryRun = false): Released {
  const { keys, decision } = aPermit();
  const answer = {
    ciphertext: Uint8Array.of(9, 8, 7),
    sourceKeyArn: SOURCE_ARN,
    destinationKeyArn: DESTINATION_ARN,
    sourceAlgorithm: 'SYMMETRIC_DEFAULT',
    destinationAlgorithm: 'SYMMETRIC_DEFAULT',
    sourceKeyMaterialId: 'a'.repeat(64),
    destinationKeyMaterialId: '',
    dryRun,
    requestId: '',
    attempts: 1,
    latencyNs: 1,
  };
  return { call, principal: ANYONE, keys, decision, answer };
}

const ANYONE: Released['principal'] = {
  id: '',
  kind: 'anonymous',
  authenticated: false,
  spiffe: { trustDomain: '', path: '' },
  attributes: {},
};

const running: { close(): void }[] = [];
afterEach(() => {
  for (const each of running.splice(0)) each.close();
});

/** The handler on a real server; `calls` are those that reached the pipeline. */
async function serve(options: Partial<KmsJsonOptions> = {}) {
  const calls: Call[] = [];
  const turnedAway: Refusal[] = [];
  const pipeline: Pipeline = async (call) => {
    calls.push(call);
    return released(call, call.dryRun);
  };
  const server = createServer(
    createKmsJsonHandler({
      pipeline,
      turnedAway: (refusal) => turnedAway.push(refusal),
      onInternal: () => {},
      accessKeys: new Map(),
      maxClockSkewMs: 300_000,
      deadlineMs: 5_000,
      now: Date.now,
      newId: () => DECISION,
      ...options,
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.push(server);
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = (accessKeyId = 'AKIDAPP', secretAccessKey = SECRET, more = {}) =>
    new KMSClient({
      endpoint,
      region: 'eu-west-1',
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey },
      ...more,
    });
  return { endpoint, client, calls, turnedAway };
}

const REQUEST = {
  CiphertextBlob: Uint8Array.of(1, 2, 3),
  SourceKeyId: 'alias/app',
  SourceEncryptionContext: { tenant: 'ä' },
  DestinationKeyId: 'alias/app-new',
  DestinationEncryptionContext: { tenant: 'b' },
  GrantTokens: ['token'],
};

async function post(endpoint: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.ReEncrypt',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, json: JSON.parse(await response.text()) };
}

describe('ReEncrypt through the stock SDK', () => {
  it('makes the same call as over gRPC, with the decision id as request id', async () => {
    const { client, calls } = await serve();
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

  it('carries every member of ReEncrypt, each side with its own', async () => {
    const { endpoint, calls } = await serve();
    await post(endpoint, {
      ...{ CiphertextBlob: 'AQID', SourceKeyId: 'alias/a', DestinationKeyId: 'alias/b' },
      ...{ SourceEncryptionContext: { a: '1' }, DestinationEncryptionContext: { b: '2' } },
      SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
      DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      ...{ GrantTokens: ['t'], DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT'] },
    });
    const [source, destination] = [{ a: '1' }, { b: '2' }];
    expect(calls).toMatchObject([
      {
        ciphertext: Buffer.from([1, 2, 3]),
        source: { keyId: 'alias/a', encryptionContext: source, algorithm: 'RSAES_OAEP_SHA_1' },
        destination: {
          ...{ keyId: 'alias/b', encryptionContext: destination },
          algorithm: 'RSAES_OAEP_SHA_256',
        },
        ...{ grantTokens: ['t'], dryRun: true, dryRunModifiers: ['IGNORE_CIPHERTEXT'] },
      },
    ]);
  });

  it('answers with what KMS reported, each side with its own', async () => {
    const answer = {
      sourceAlgorithm: 'RSAES_OAEP_SHA_1',
      destinationAlgorithm: 'RSAES_OAEP_SHA_256',
      ...{ sourceKeyMaterialId: 'a', destinationKeyMaterialId: 'b' },
    };
    const { endpoint } = await serve({
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
    const { client } = await serve();
    const call = client().send(new ReEncryptCommand({ ...REQUEST, DryRun: true }));
    await expect(call).rejects.toMatchObject({ name: 'DryRunOperationException' });
  });

  it('answers a denial with AccessDeniedException: who refused, reason, side, rule and decision id', async () => {
    const refusal = new Refusal('POLICY_DENIED', {
      sentence: 'The tenant must stay.',
      side: 'destination',
      rule: 'keep-tenant',
    });
    const { client } = await serve({ pipeline: () => Promise.reject(refusal) });
    await expect(client().send(new ReEncryptCommand(REQUEST))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `The tenant must stay. (refused by policy, reason POLICY_DENIED, side destination, rule keep-tenant, decision id ${DECISION})`,
      $metadata: { httpStatusCode: 400, requestId: DECISION },
    });
  });

  it.each([
    [new Refusal('KMS_KEY_DISABLED', { kmsError: 'DisabledException' }), 'DisabledException', 400],
    [new Refusal('KMS_INVALID_CIPHERTEXT'), 'InvalidCiphertextException', 400],
    [new Refusal('KMS_THROTTLED', { kmsError: 'ThrottlingException' }), 'ThrottlingException', 400],
    [new Refusal('KMS_UNAVAILABLE', { kmsError: 'ServiceUnavailable' }), 'ServiceUnavailable', 500],
    [
      new Refusal('PROXY_CREDENTIALS', { kmsError: 'ExpiredTokenException' }),
      'KMSInternalException',
      500,
    ],
    [
      new Refusal('KEY_FACTS_UNAVAILABLE', { kmsError: 'AccessDeniedException' }),
      'KMSInternalException',
      500,
    ],
    [new Refusal('AUDIT_UNAVAILABLE'), 'KMSInternalException', 500],
    [new Refusal('DEADLINE_EXCEEDED'), 'DependencyTimeoutException', 500],
    [new Error('nobody foresaw this'), 'KMSInternalException', 500],
  ])('answers %s as %s, HTTP %i', async (thrown, name, status) => {
    const { client } = await serve({ pipeline: () => Promise.reject(thrown) });
    await expect(client().send(new ReEncryptCommand(REQUEST))).rejects.toMatchObject({
      name,
      message: expect.not.stringContaining('nobody foresaw'),
      $metadata: { httpStatusCode: status },
    });
  });
});

it('a key id that only the pipeline finds wrong is named as the AWS API names it', async () => {
  const fields = [{ field: 'source_key_id', description: 'must be a key ARN' }];
  const thrown = new Refusal('INVALID_REQUEST', { sentence: 'source_key_id must be…', fields });
  const { client } = await serve({ pipeline: () => Promise.reject(thrown) });
  await expect(client().send(new ReEncryptCommand(REQUEST))).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(
      /^1 validation error detected: Value at 'sourceKeyId' failed .* Member must be a key ARN \(/,
    ),
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
    const { endpoint } = await serve({
      pipeline: () => Promise.reject(failures.shift()),
      onInternal: (...what) => void told.push(what),
    });
    const body = { CiphertextBlob: 'AQID', SourceKeyId: null, DestinationKeyId: 'alias/b' };
    for (const _ of [1, 2]) expect(await post(endpoint, body)).toMatchObject({ status: 500 });
    expect(told).toEqual([[DECISION, fault]]);
  });

  it('is aborted at its deadline, and its error says so', async () => {
    const { client } = await serve({ pipeline: endless, deadlineMs: 30 });
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
    const { client } = await serve({ pipeline });
    await client()
      .send(new ReEncryptCommand(REQUEST), { abortSignal: caller.signal })
      .catch(() => {});
    expect(await ended.promise).toMatchObject({ reason: 'CANCELLED' });
  });
});

describe('an invalid ReEncrypt', () => {
  it.each([
    ['a wrong type', { DestinationKeyId: 3 }, 'SerializationException', /NUMBER_VALUE can not/],
    [
      'a context that is a list',
      { DestinationKeyId: 'a', SourceEncryptionContext: [] },
      'SerializationException',
      /Expected map/,
    ],
    [
      'bad base64',
      { DestinationKeyId: 'a', CiphertextBlob: '*' },
      'SerializationException',
      /Base64/,
    ],
    ['a body that is no object', [], 'SerializationException', /structure/],
    [
      'no destination',
      { CiphertextBlob: 'AAAA' },
      'ValidationException',
      /^1 validation error detected: Value at 'destinationKeyId' failed to satisfy constraint: Member must /,
    ],
    [
      'an empty context value',
      { CiphertextBlob: 'AAAA', DestinationKeyId: 'a', SourceEncryptionContext: { a: '' } },
      'ValidationException',
      /'sourceEncryptionContext'/,
    ],
    [
      'two wrong members',
      { CiphertextBlob: 'AAAA', SourceKeyId: '', DestinationKeyId: '' },
      'ValidationException',
      /^2 validation errors detected: .*; /,
    ],
    [
      'an unknown member',
      { CiphertextBlob: 'AAAA', DestinationKeyId: 'a', Recipient: {} },
      'ValidationException',
      /'recipient' .*not a member of ReEncrypt/,
    ],
    [
      'a lone surrogate',
      '{"CiphertextBlob":"AAAA","DestinationKeyId":"a","SourceEncryptionContext":{"\\ud800":"x"}}',
      'ValidationException',
      /Unicode/,
    ],
    [
      '__proto__ in a context',
      '{"CiphertextBlob":"AAAA","DestinationKeyId":"a","SourceEncryptionContext":{"__proto__":"x"}}',
      'ValidationException',
      /__proto__/,
    ],
  ])('with %s is refused before the pipeline', async (_name, body, type, message) => {
    const { endpoint, calls, turnedAway } = await serve();
    const { status, json } = await post(endpoint, body);
    expect(status).toBe(400);
    expect(json.__type).toBe(type);
    expect(json.message ?? json.Message).toMatch(message);
    expect(calls).toEqual([]);
    expect(turnedAway.map(({ reason }) => reason)).toEqual(['INVALID_REQUEST']);
  });
});

describe('other operations', () => {
  it('are refused when KMS is AWS, and the error says what this endpoint is for', async () => {
    const { client } = await serve();
    await expect(client().send(new DescribeKeyCommand({ KeyId: 'a' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringMatching(/serves ReEncrypt alone.*DescribeKey/),
    });
  });

  it('are served when the embedded KMS is the backend', async () => {
    const { client } = await serve({
      others: (operation, body) => ({
        KeyMetadata: { KeyId: `${operation} ${JSON.stringify(body)}` },
      }),
    });
    const { KeyMetadata } = await client().send(new DescribeKeyCommand({ KeyId: 'a' }));
    expect(KeyMetadata?.KeyId).toBe('DescribeKey {"KeyId":"a"}');
  });
});

describe('signatures', () => {
  it('identify nobody when no keys are configured', async () => {
    const { client, calls } = await serve();
    await client('AKIDANY').send(new ReEncryptCommand(REQUEST));
    expect(calls[0]?.arrival.accessKeyId).toBe('');
  });

  it('that verify identify the caller by access key', async () => {
    const { client, calls } = await serve({ accessKeys });
    await client().send(new ReEncryptCommand(REQUEST));
    expect(calls[0]?.arrival.accessKeyId).toBe('AKIDAPP');
  });

  it.each([
    ['of an unknown key', ['AKIDOTHER', SECRET], 'UnrecognizedClientException'],
    ['with a wrong secret', ['AKIDAPP', 'wrong'], 'InvalidSignatureException'],
    [
      'from a clock ten minutes late',
      ['AKIDAPP', SECRET, { systemClockOffset: -600_000 }],
      'InvalidSignatureException',
    ],
    [
      'from a clock ten minutes early',
      ['AKIDAPP', SECRET, { systemClockOffset: 600_000 }],
      'InvalidSignatureException',
    ],
    [
      'for another service',
      ['AKIDAPP', SECRET, { signingName: 'dynamodb' }],
      'InvalidSignatureException',
    ],
  ] as const)('%s are refused', async (_name, [id, secret, more], name) => {
    const { client, calls, turnedAway } = await serve({ accessKeys });
    const sending = client(id, secret, more).send(new ReEncryptCommand(REQUEST));
    await expect(sending).rejects.toMatchObject({ name });
    expect(calls).toEqual([]);
    expect(turnedAway.map(({ reason }) => reason)).toEqual(['UNAUTHENTICATED']);
  });

  it('protect the other operations too', async () => {
    const { client } = await serve({ accessKeys, others: () => ({}) });
    const sending = client('AKIDAPP', 'wrong').send(new DescribeKeyCommand({ KeyId: 'a' }));
    await expect(sending).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  });

  const body = JSON.stringify({ CiphertextBlob: 'AAAA', DestinationKeyId: 'alias/a' });

  /** SigV4 written a second time, so that the test does not rely on the code that it tests. */
  function sign(endpoint: string, headers: Record<string, string>, day = '') {
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const scope = `${day || date.slice(0, 8)}/eu-west-1/kms/aws4_request`;
    const all: Record<string, string> = {
      host: new URL(endpoint).host,
      'x-amz-date': date,
      ...headers,
    };
    const names = Object.keys(all).sort();
    const sha = (text: string) => createHash('sha256').update(text).digest('hex');
    const canonical = `POST\n/\n\n${names.map((n) => `${n}:${all[n]}\n`).join('')}\n${names.join(';')}\n${sha(body)}`;
    const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha(canonical)}`;
    const key = scope
      .split('/')
      .reduce<Buffer>(
        (k, part) => createHmac('sha256', k).update(part).digest(),
        Buffer.from(`AWS4${SECRET}`),
      );
    const signature = createHmac('sha256', key).update(toSign).digest('hex');
    const { host: _, ...sent } = all;
    return {
      ...sent,
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDAPP/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
    };
  }
  const TARGET = { 'x-amz-target': 'TrentService.ReEncrypt' };

  it('by another day’s key are refused', async () => {
    const { endpoint, calls } = await serve({ accessKeys });
    const signed = sign(endpoint, TARGET, '20200101');
    const { status, json } = await post(endpoint, body, signed);
    expect([status, json.__type]).toEqual([400, 'InvalidSignatureException']);
    expect(calls).toEqual([]);
  });

  it('are refused when body, target, signature or headers were changed', async () => {
    const { endpoint, calls } = await serve({ accessKeys });
    expect((await post(endpoint, body, sign(endpoint, TARGET))).status).toBe(200);

    const good = sign(endpoint, TARGET);
    const attempts = [
      post(endpoint, body.replace('alias/a', 'alias/b'), good),
      post(endpoint, body, { ...good, 'x-amz-target': 'TrentService.Decrypt' }),
      post(endpoint, body, {
        ...good,
        authorization: good.authorization.replace(/.$/, (c) => (c === '0' ? '1' : '0')),
      }),
      // This signature does not cover the target, so anybody could have changed it.
      post(endpoint, body, sign(endpoint, {})),
      post(endpoint, body, { ...good, 'x-amz-extra': 'unsigned' }),
    ];
    for (const { status, json } of await Promise.all(attempts)) {
      expect([status, json.__type]).toEqual([400, 'InvalidSignatureException']);
    }
    expect(calls).toHaveLength(1);
  });

  it('of a header that is named twice are refused before they are calculated', async () => {
    const { endpoint } = await serve({ accessKeys });
    const good = sign(endpoint, TARGET);
    const authorization = good.authorization.replace('SignedHeaders=', 'SignedHeaders=host;');
    const { json } = await post(endpoint, body, { ...good, authorization });
    expect(json).toEqual({
      __type: 'InvalidSignatureException',
      message: 'A SignedHeader must be named only once.',
    });
  });

  it('that are missing or incomplete get an error that says so', async () => {
    const { endpoint } = await serve({ accessKeys });
    const missing = await post(endpoint, body);
    expect(missing.json.__type).toBe('MissingAuthenticationTokenException');
    const good = sign(endpoint, TARGET);
    const torn = await post(endpoint, body, {
      ...good,
      authorization: good.authorization.replace(/, Signature=.*/, ''),
    });
    expect(torn.json).toEqual({
      __type: 'IncompleteSignatureException',
      message: "Authorization header requires 'Signature' parameter.",
    });
    const short = await post(endpoint, body, {
      ...good,
      authorization: good.authorization.replace('/aws4_request', ''),
    });
    expect(short.json).toEqual({
      __type: 'IncompleteSignatureException',
      message: 'Credential must have exactly 5 slash-delimited elements.',
    });
    const { 'x-amz-date': date = '', ...undated } = good as Record<string, string>;
    for (const wrong of [{}, { 'x-amz-date': date.slice(0, 8) }, { 'x-amz-date': `${date}Z` }]) {
      const { json } = await post(endpoint, body, { ...undated, ...wrong });
      expect(json.__type).toBe('IncompleteSignatureException');
    }
    for (const [from, to] of [
      ['Credential=', 'Credential=x/'],
      ['/aws4_request', '/aws4_request/x'],
      [/Credential=\S+/, 'Credential=,'],
    ] as const) {
      const authorization = good.authorization.replace(from, to);
      const { json } = await post(endpoint, body, { ...good, authorization });
      expect(json.__type).toBe('IncompleteSignatureException');
    }
    const cut = await post(endpoint, body, {
      ...good,
      authorization: good.authorization.slice(0, -2),
    });
    expect(cut.json.__type).toBe('InvalidSignatureException');
  });

  it('with a session token, which no configured key has, are refused', async () => {
    const { endpoint } = await serve({ accessKeys });
    const signed = sign(endpoint, { ...TARGET, 'x-amz-security-token': 'session' });
    const { json } = await post(endpoint, body, signed);
    expect(json.__type).toBe('UnrecognizedClientException');
  });
});
