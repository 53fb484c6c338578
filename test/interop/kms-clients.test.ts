import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startChild } from './helpers/child.ts';
import { DEMO_CONTEXT } from './helpers/demo.ts';
import { decryptAt, encryptAt } from './helpers/demo-ciphertext.ts';
import { freePort } from './helpers/ports.ts';
import { type RunningProxy, startProxy } from './helpers/proxy.ts';
import { describeWith, runTool } from './helpers/tools.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/aws-sdk');
const CACHE = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const PROGRAM = join(CACHE, 'kms-reencrypt-proxy/examples/aws-sdk/example');
const PLAINTEXT = Buffer.from('an unchanged SDK');
const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
  AWS_EC2_METADATA_DISABLED: 'true',
};

const PROGRAMS: readonly (readonly [name: string, tool: string, command: readonly string[]])[] = [
  ['boto3', 'python3', ['python3', join(EXAMPLE, 're_encrypt.py')]],
  ['AWS SDK for Go v2', 'go', [PROGRAM]],
];

for (const [name, tool, [command = '', ...args]] of PROGRAMS) {
  describeWith([tool], `an unchanged ${name}`, () => {
    let proxy: RunningProxy;
    let ciphertext: string;
    beforeAll(async () => {
      mkdirSync(join(PROGRAM, '..'), { recursive: true });
      if (tool === 'go') runTool(join(EXAMPLE, 'build.sh'), [PROGRAM], { timeoutMs: 300_000 });
      proxy = await startProxy();
      ciphertext = join(proxy.folder, 'ciphertext');
      const made = { keyId: 'alias/demo-source', plaintext: PLAINTEXT, context: DEMO_CONTEXT };
      writeFileSync(ciphertext, await encryptAt(proxy.kmsJson, made));
    }, 300_000);
    afterAll(async () => {
      await proxy?.stop();
    });

    async function run(endpoint: string, env: Readonly<Record<string, string>> = {}) {
      const result = join(proxy.folder, 'result');
      const child = startChild(command, [...args, ciphertext, result], {
        env: { ...CREDENTIALS, PROXY_ENDPOINT: endpoint, ...env },
      });
      return { code: await child.ended(), said: child.output(), result };
    }

    it('re-encrypts, and KMS decrypts the result to the same plaintext', async () => {
      const { code, said, result } = await run(proxy.kmsJson);
      expect(said).toMatch(/^released under arn:aws:kms:/m);
      expect(code).toBe(0);
      const fresh = { ciphertext: readFileSync(result), context: DEMO_CONTEXT };
      expect(await decryptAt(proxy.kmsJson, fresh)).toEqual(PLAINTEXT);
    });

    it('gets a denial as AccessDeniedException, with our sentence', async () => {
      const { code, said } = await run(proxy.kmsJson, { DESTINATION_TENANT: 'globex' });
      expect(said).toMatch(/AccessDeniedException/);
      expect(said).toMatch(/rule demo/);
      expect(code).toBe(77);
    });

    it('reports a missing proxy', async () => {
      expect((await run(`http://127.0.0.1:${await freePort()}`)).code).toBe(69);
    });
  });
}
