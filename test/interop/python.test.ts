import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEMO_CONTEXT, printedCiphertext } from './helpers/demo.ts';
import { decryptAt, encryptAt } from './helpers/demo-ciphertext.ts';
import { type RunningProxy, startProxy } from './helpers/proxy.ts';
import { describeWith, runTool } from './helpers/tools.ts';

const PROTO = 'kms/reencrypt/v1/reencrypt.proto';

describeWith(['python3'], 'Python with stubs made from proto/', () => {
  let proxy: RunningProxy;
  let stubs: string;
  beforeAll(async () => {
    proxy = await startProxy();
    stubs = join(proxy.folder, 'stubs');
    mkdirSync(stubs);
    const out = ['--python_out', '--grpc_python_out', '--pyi_out'].map(
      (flag) => `${flag}=${stubs}`,
    );
    // google/rpc comes with Python's own googleapis package; only our file is compiled.
    runTool('python3', ['-m', 'grpc_tools.protoc', '-Iproto', ...out, PROTO]);
  });
  afterAll(async () => {
    expect(await proxy.stop()).toBe(0);
  });

  function reEncrypt(ciphertext: Buffer, tenant: string) {
    const source = join(proxy.folder, 'secret.bin');
    const result = join(proxy.folder, 'secret.new.bin');
    writeFileSync(source, ciphertext);
    const script = join(import.meta.dirname, 'python/re_encrypt.py');
    const printed = runTool('python3', [script, stubs, proxy.grpc, source, result, tenant]);
    const answer = JSON.parse(printed) as Record<string, unknown>;
    return { answer, result: existsSync(result) ? readFileSync(result) : Buffer.alloc(0) };
  }

  it('re-encrypts the contents of a file', async () => {
    const { answer, result } = reEncrypt(await printedCiphertext(proxy), 'acme');
    expect(answer['key_id']).toMatch(/^arn:aws:kms:.*:key\//);
    expect(answer['decision_id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(result.length).toBeGreaterThan(100);
  });

  it('keeps the plaintext, as the KMS behind the proxy confirms', async () => {
    const plaintext = readFileSync('LICENSE').subarray(0, 4096);
    const keyId = 'alias/demo-source';
    const ciphertext = await encryptAt(proxy.kmsJson, { keyId, plaintext, context: DEMO_CONTEXT });
    const { result } = reEncrypt(ciphertext, 'acme');
    expect(await decryptAt(proxy.kmsJson, { ciphertext: result, context: DEMO_CONTEXT })).toEqual(
      plaintext,
    );
  });

  it('reads the denial with google.rpc details and the trailer', async () => {
    const { answer } = reEncrypt(await printedCiphertext(proxy), 'globex');
    expect(answer).toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'POLICY_DENIED',
      domain: 'kms-reencrypt-proxy',
      metadata: { layer: 'policy', rule: 'demo' },
    });
    const { decision_id } = answer['metadata'] as Record<string, string>;
    expect(answer['trailer']).toBe(decision_id);
  });

  it('sends many calls as a batch and as a stream, and reads each result', async () => {
    const source = join(proxy.folder, 'many.bin');
    writeFileSync(source, await printedCiphertext(proxy));
    const tenants = ['acme', 'globex', ...Array(60).fill('acme')];
    const script = join(import.meta.dirname, 'python/many.py');
    const printed = runTool('python3', [script, stubs, proxy.grpc, source, ...tenants]);
    const { batch, stream } = JSON.parse(printed) as Record<string, [string, string][]>;
    const key = expect.stringMatching(/^arn:aws:kms:.*:key\//);
    const expected = tenants.map((tenant, n) => [
      `${n} ${tenant}`,
      tenant === 'acme' ? key : 'POLICY_DENIED',
    ]);
    expect(batch).toEqual(expected);
    expect(new Map(stream)).toEqual(new Map(batch));
    expect(stream).toHaveLength(80 * tenants.length);
  });
});
