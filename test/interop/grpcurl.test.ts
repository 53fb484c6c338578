import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEMO_CONTEXT, printedCiphertext } from './helpers/demo.ts';
import { callByGrpcurl, reEncryptByGrpcurl } from './helpers/grpcurl.ts';
import { type RunningProxy, startProxy } from './helpers/proxy.ts';
import { describeWith } from './helpers/tools.ts';

describeWith(['grpcurl'], 'grpcurl with the proto files', () => {
  let proxy: RunningProxy;
  let ciphertext: Buffer;
  beforeAll(async () => {
    proxy = await startProxy();
    ciphertext = await printedCiphertext(proxy);
  });
  afterAll(async () => {
    expect(await proxy.stop()).toBe(0);
  });

  function call(request: object, flags?: readonly string[]): string {
    try {
      return JSON.stringify(reEncryptByGrpcurl(proxy.grpc, request, flags));
    } catch (error) {
      return String((error as { stderr?: string }).stderr);
    }
  }
  const request = (destination: Readonly<Record<string, string>>) => ({
    ciphertextBlob: ciphertext.toString('base64'),
    sourceKeyId: 'alias/demo-source',
    sourceEncryptionContext: DEMO_CONTEXT,
    destinationKeyId: 'alias/demo-destination',
    destinationEncryptionContext: destination,
  });

  it('re-encrypts a ciphertext from a file', () => {
    const file = join(proxy.folder, 'request.json');
    writeFileSync(file, JSON.stringify(request(DEMO_CONTEXT)));
    const answer = JSON.parse(call(JSON.parse(readFileSync(file, 'utf8'))));
    expect(answer.keyId).toMatch(/^arn:aws:kms:.*:key\//);
    expect(answer.sourceKeyId).not.toBe(answer.keyId);
    expect(answer.decisionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(Buffer.from(answer.ciphertextBlob, 'base64')).not.toEqual(ciphertext);
  });

  it('reads the denial with its details: reason, side, rule and decision id', () => {
    const told = call(request({ tenant: 'globex' }));
    expect(told).toMatch(/Code: PermissionDenied/);
    expect(told).toMatch(/"reason": "POLICY_DENIED"/);
    expect(told).toMatch(/"domain": "kms-reencrypt-proxy"/);
    expect(told).toMatch(/"rule": "demo"/);
    expect(told).toMatch(/"decision_id": "[0-9a-f-]{36}"/);
  });

  it('sees which field is wrong', () => {
    const told = call({ ...request(DEMO_CONTEXT), destinationKeyId: 'arn:nonsense' });
    expect(told).toMatch(/Code: InvalidArgument/);
    expect(told).toMatch(/"field": "destination_key_id"/);
  });

  it('is answered if it sets a deadline', () => {
    expect(call(request(DEMO_CONTEXT), ['-plaintext', '-max-time', '5'])).toMatch(/decisionId/);
  });

  it('re-encrypts a batch, with a result for each item', () => {
    const items = ['acme', 'globex'].map((tenant) => ({
      reference: tenant,
      request: request({ tenant }),
    }));
    const { results } = callByGrpcurl(proxy.grpc, { method: 'BatchReEncrypt', message: { items } });
    expect(results).toMatchObject([
      { reference: 'acme', response: { decisionId: expect.anything() } },
      { reference: 'globex', status: { code: 7, details: [{ reason: 'POLICY_DENIED' }] } },
    ]);
  });

  it('leaves one terminal audit entry per call', () => {
    const kinds = proxy.auditEntries().map((entry) => entry['kind']);
    expect(kinds.filter((kind) => kind === 'outcome')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'intent')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'refusal').length).toBeGreaterThanOrEqual(1);
  });
});
