import { KMSClient } from '@aws-sdk/client-kms';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSigner } from '../../../src/kms/aws/signer.ts';

const { sha256 } = new KMSClient({ region: 'eu-west-1' }).config;

const token = fc
  .string({ unit: 'grapheme-ascii', minLength: 1 })
  .map((text) => text.replace(/\s/g, '+'));
const requests = fc.record({
  body: fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: 'grapheme' }).map((t) => Buffer.from(t)),
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
      sessionToken: token,
    },
    { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
  ),
});

function toRecord(headers: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let at = 0; at < headers.length; at += 2) {
    record[headers[at] ?? ''] = headers[at + 1] ?? '';
  }
  return record;
}

describe('the signer', () => {
  it('signs 10,000 generated requests byte for byte as the SDK does', async () => {
    const generated = fc.sample(requests, { numRuns: 10_000, seed: 20_260_131 });
    for (const { body, host, region, now, credentials } of generated) {
      const sign = createSigner({ host, region, operation: 'TrentService.ReEncrypt' });
      const { authorization, ...unsigned } = toRecord(sign({ body, credentials, now }));
      const sdk = new SignatureV4({ service: 'kms', region, credentials, sha256 });
      const signed = await sdk.sign(
        {
          method: 'POST',
          protocol: 'https:',
          hostname: host,
          path: '/',
          query: {},
          headers: { ...unsigned, 'content-length': String(body.byteLength) },
          body,
        },
        { signingDate: new Date(now) },
      );
      if (authorization !== signed.headers['authorization']) {
        expect.fail(`${authorization}\n${signed.headers['authorization']}`);
      }
    }
    expect(generated).toHaveLength(10_000);
  });

  it('signs with new credentials and a new day as soon as they come', () => {
    const sign = createSigner({ host: 'h', region: 'r', operation: 'o' });
    const body = Buffer.from('{}');
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
});
