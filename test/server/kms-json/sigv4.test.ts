import { createHash, createHmac, createSecretKey } from 'node:crypto';
import { DescribeKeyCommand, ReEncryptCommand } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { post, REQUEST, SECRET, serveHandler } from './serve-handler.ts';

const accessKeys = new Map([['AKIDAPP', createSecretKey(Buffer.from(SECRET))]]);

const BODY = JSON.stringify({ CiphertextBlob: 'AAAA', DestinationKeyId: 'alias/a' });
const TARGET = { 'x-amz-target': 'TrentService.ReEncrypt' };

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
  const canonical = `POST\n/\n\n${names.map((n) => `${n}:${all[n]}\n`).join('')}\n${names.join(';')}\n${sha(BODY)}`;
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

describe('signatures', () => {
  it('identify nobody when no keys are configured', async () => {
    const { client, calls } = await serveHandler();
    await client('AKIDANY').send(new ReEncryptCommand(REQUEST));
    expect(calls[0]?.arrival.accessKeyId).toBe('');
  });

  it('that verify identify the caller by access key', async () => {
    const { client, calls } = await serveHandler({ accessKeys });
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
    const { client, calls, turnedAway } = await serveHandler({ accessKeys });
    const sending = client(id, secret, more).send(new ReEncryptCommand(REQUEST));
    await expect(sending).rejects.toMatchObject({ name });
    expect(calls).toEqual([]);
    expect(turnedAway.map(({ reason }) => reason)).toEqual(['UNAUTHENTICATED']);
  });

  it('protect the other operations too', async () => {
    const { client } = await serveHandler({ accessKeys, others: () => ({}) });
    const sending = client('AKIDAPP', 'wrong').send(new DescribeKeyCommand({ KeyId: 'a' }));
    await expect(sending).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  });

  it('by another day’s key are refused', async () => {
    const { endpoint, calls } = await serveHandler({ accessKeys });
    const signed = sign(endpoint, TARGET, '20200101');
    const { status, json } = await post(endpoint, BODY, signed);
    expect([status, json.__type]).toEqual([400, 'InvalidSignatureException']);
    expect(calls).toEqual([]);
  });

  it('are refused when body, target, signature or headers were changed', async () => {
    const { endpoint, calls } = await serveHandler({ accessKeys });
    expect((await post(endpoint, BODY, sign(endpoint, TARGET))).status).toBe(200);

    const good = sign(endpoint, TARGET);
    const attempts = [
      post(endpoint, BODY.replace('alias/a', 'alias/b'), good),
      post(endpoint, BODY, { ...good, 'x-amz-target': 'TrentService.Decrypt' }),
      post(endpoint, BODY, {
        ...good,
        authorization: good.authorization.replace(/.$/, (c) => (c === '0' ? '1' : '0')),
      }),
      // This signature does not cover the target, so anybody could have changed it.
      post(endpoint, BODY, sign(endpoint, {})),
      post(endpoint, BODY, { ...good, 'x-amz-extra': 'unsigned' }),
    ];
    for (const { status, json } of await Promise.all(attempts)) {
      expect([status, json.__type]).toEqual([400, 'InvalidSignatureException']);
    }
    expect(calls).toHaveLength(1);
  });

  it('of a header that is named twice are refused before they are calculated', async () => {
    const { endpoint } = await serveHandler({ accessKeys });
    const good = sign(endpoint, TARGET);
    const authorization = good.authorization.replace('SignedHeaders=', 'SignedHeaders=host;');
    const { json } = await post(endpoint, BODY, { ...good, authorization });
    expect(json).toEqual({
      __type: 'InvalidSignatureException',
      message: 'A SignedHeader must be named only once.',
    });
  });

  it('that are missing or incomplete get an error that says so', async () => {
    const { endpoint } = await serveHandler({ accessKeys });
    const missing = await post(endpoint, BODY);
    expect(missing.json.__type).toBe('MissingAuthenticationTokenException');
    const good = sign(endpoint, TARGET);
    const torn = await post(endpoint, BODY, {
      ...good,
      authorization: good.authorization.replace(/, Signature=.*/, ''),
    });
    expect(torn.json).toEqual({
      __type: 'IncompleteSignatureException',
      message: "Authorization header requires 'Signature' parameter.",
    });
    const short = await post(endpoint, BODY, {
      ...good,
      authorization: good.authorization.replace('/aws4_request', ''),
    });
    expect(short.json).toEqual({
      __type: 'IncompleteSignatureException',
      message: 'Credential must have exactly 5 slash-delimited elements.',
    });
    const { 'x-amz-date': date = '', ...undated } = good as Record<string, string>;
    for (const wrong of [{}, { 'x-amz-date': date.slice(0, 8) }, { 'x-amz-date': `${date}Z` }]) {
      const { json } = await post(endpoint, BODY, { ...undated, ...wrong });
      expect(json.__type).toBe('IncompleteSignatureException');
    }
    for (const [from, to] of [
      ['Credential=', 'Credential=x/'],
      ['/aws4_request', '/aws4_request/x'],
      [/Credential=\S+/, 'Credential=,'],
    ] as const) {
      const authorization = good.authorization.replace(from, to);
      const { json } = await post(endpoint, BODY, { ...good, authorization });
      expect(json.__type).toBe('IncompleteSignatureException');
    }
    const cut = await post(endpoint, BODY, {
      ...good,
      authorization: good.authorization.slice(0, -2),
    });
    expect(cut.json.__type).toBe('InvalidSignatureException');
  });

  it('with a session token, which no configured key has, are refused', async () => {
    const { endpoint } = await serveHandler({ accessKeys });
    const signed = sign(endpoint, { ...TARGET, 'x-amz-security-token': 'session' });
    const { json } = await post(endpoint, BODY, signed);
    expect(json.__type).toBe('UnrecognizedClientException');
  });
});
