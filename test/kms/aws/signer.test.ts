import process from 'node:process';
import { KMSClient } from '@aws-sdk/client-kms';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSigner } from '../../../src/kms/aws/signer.ts';
import { codePoint } from '../../helpers/code-point.ts';

const { sha256 } = new KMSClient({ region: 'eu-west-1' }).config;

const token = fc
  .string({ unit: 'grapheme-ascii', minLength: 1 })
  .map((text) => text.replace(/\s/g, '+'));
const requests = fc.record({
  body: fc.oneof(
    fc.string({ unit: codePoint, maxLength: 200 }),
    fc.string({ unit: 'grapheme' }),
    fc.json(),
  ),
  host: fc.oneof(
    fc.domain(),
    fc.tuple(fc.ipV4(), fc.nat(65_535)).map(([ip, port]) => `${ip}:${port}`),
  ),
  region: fc.constantFrom('eu-west-1', 'us-gov-east-1', 'cn-north-1'),
  now: fc.integer({ min: Date.UTC(2020), max: Date.UTC(2040) }),
  credentials: fc.record(
    {
      accessKeyId: token,
      secretAccessKey: token,
      sessionToken: fc.oneof(token, fc.constant('')),
    },
    { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
  ),
});

function toRecord(headers: string): Record<string, string> {
  const lines = headers.split('\r\n');
  expect(lines.pop()).toBe('');
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(': ');
      return [line.slice(0, at), line.slice(at + 2)];
    }),
  );
}

/** The fault suite signs ten thousand. */
const RUNS = Number(process.env['SIGNED_RUNS'] ?? 300);

describe('the signer', () => {
  it(`signs generated requests byte for byte as the SDK does (${RUNS} of them)`, async () => {
    const generated = fc.sample(requests, { numRuns: RUNS, seed: 20_260_131 });
    for (const { body, host, region, now, credentials } of generated) {
      const sign = createSigner({ host, region, operation: 'TrentService.ReEncrypt' });
      const { authorization, ...unsigned } = toRecord(sign({ body, credentials, now }));
      expect(unsigned['x-amz-security-token']).toBe(credentials.sessionToken || undefined);
      const sdk = new SignatureV4({ service: 'kms', region, credentials, sha256 });
      const signed = await sdk.sign(
        {
          method: 'POST',
          protocol: 'https:',
          hostname: host,
          path: '/',
          query: {},
          headers: unsigned,
          body,
        },
        { signingDate: new Date(now) },
      );
      if (authorization !== signed.headers['authorization']) {
        expect.fail(`${authorization}\n${signed.headers['authorization']}`);
      }
    }
    expect(generated).toHaveLength(RUNS);
  });

  it('switches to new credentials and a new day at once', () => {
    const sign = createSigner({ host: 'h', region: 'r', operation: 'o' });
    const body = '{}';
    const old = { accessKeyId: 'a', secretAccessKey: 's' };
    const midnight = Date.UTC(2026, 0, 2);
    const before = toRecord(sign({ body, credentials: old, now: midnight - 1 }));
    const after = toRecord(sign({ body, credentials: old, now: midnight }));
    const rotated = toRecord(
      sign({ body, credentials: { ...old, secretAccessKey: 't' }, now: midnight }),
    );
    expect(before['x-amz-date']).toBe('20260101T235959Z');
    expect(before['authorization']).toContain('a/20260101/r/kms/aws4_request');
    expect(after['authorization']).toContain('a/20260102/r/kms/aws4_request');
    expect(rotated['authorization']).not.toBe(after['authorization']);
  });

  it.each([
    ['session token', { sessionToken: 'token\r\nx-amz-target: TrentService.Decrypt' }],
    ['access key id', { accessKeyId: 'AKID\n' }],
    ['access key id', { accessKeyId: 'AKID\u00e9' }],
  ])('refuses a %s that no header can carry', (what, wrong) => {
    const sign = createSigner({ host: 'h', region: 'r', operation: 'o' });
    const credentials = { accessKeyId: 'a', secretAccessKey: 's', ...wrong };
    const thrown = (() => {
      try {
        return sign({ body: '{}', credentials, now: 0 });
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toMatchObject({
      code: 'CredentialsProviderError',
      message: expect.stringContaining(what),
    });
  });
});
