import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateKeyCommand, type KeySpec, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, expect, it } from 'vitest';
import { createKmsSigner } from '../../src/app/checkpoint-signer.ts';
import type { AuditOptions } from '../../src/audit/options.ts';
import { run } from '../../src/cli/audit/run.ts';
import { createAwsBackend } from '../../src/kms/aws/backend.ts';
import { refuseFaults } from '../../src/kms/faults.ts';
import { BASICS } from '../audit/basics.ts';
import { fill } from '../audit/fault-world.ts';
import { createFolder, openAudit } from '../audit/world.ts';
import { runCommand } from '../helpers/run-command.ts';
import { startChild } from './helpers/child.ts';
import { startEmbeddedKms } from './helpers/embedded-kms.ts';
import { freePort } from './helpers/ports.ts';
import { untilReady } from './helpers/proxy.ts';
import { describeWith } from './helpers/tools.ts';

const VERIFIER = fileURLToPath(new URL('go/audit', import.meta.url));
const running: { stop(): Promise<unknown> }[] = [];
afterAll(async () => {
  for (const one of running) await one.stop();
});

async function startMoto(): Promise<string> {
  const port = await freePort();
  const moto = startChild('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', `${port}`]);
  running.push(moto);
  await untilReady(`http://127.0.0.1:${port}/moto-api/`, moto);
  return `http://127.0.0.1:${port}`;
}

async function startEmbedded(): Promise<string> {
  const kms = await startEmbeddedKms();
  running.push(kms);
  return kms.endpoint;
}

/** A signer with a new key pair at the endpoint, through the proxy's AWS backend. */
async function signerAt(endpoint: string, spec: KeySpec): Promise<AuditOptions['signer']> {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' };
  const place = { endpoint, region: 'eu-west-1', credentials };
  const client = new KMSClient(place);
  running.push({ stop: async () => client.destroy() });
  const made = await client.send(new CreateKeyCommand({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY' }));
  const aws = await createAwsBackend({
    ...{ ...place, allowEmbedded: true, env: {} },
    warn: () => undefined,
  });
  running.push({ stop: () => aws.close() });
  const keyId = made.KeyMetadata?.Arn ?? '';
  return createKmsSigner({ kms: refuseFaults(aws), keyId, origin: BASICS.origin });
}

const own = async (...args: string[]) => {
  const { exit, stdout, stderr } = await runCommand(run, args);
  expect(exit, stderr).toBe(0);
  return stdout;
};

describeWith(['go', 'python3'], 'Go’s sumdb/note and tlog', () => {
  it.each([
    ['a key file', async () => undefined],
    [
      'Ed25519 in a KMS (embedded, over HTTP)',
      async () => signerAt(await startEmbedded(), 'ECC_NIST_EDWARDS25519'),
    ],
    ['ECDSA P-256 in a KMS (moto)', async () => signerAt(await startMoto(), 'ECC_NIST_P256')],
  ])(
    'verify checkpoints by %s, the consistency of each pair and an inclusion proof, and refuse a changed size',
    async (_, signer) => {
      await using folder = createFolder();
      const notes: string[] = [];
      const audit = await openAudit(folder.file, {
        checkpointEntries: 50,
        signer: await signer(),
        onCheckpoint: (note) => notes.push(note),
      });
      await fill(audit, 140);
      await audit.close();
      const files = notes.map((note, index) => {
        const path = join(folder.path, `checkpoint-${index}`);
        writeFileSync(path, note);
        return path;
      });
      const [first = ''] = files;
      const last = files.at(-1) ?? '';
      const path = (name: string) => join(folder.path, name);
      const entry = path('entry');
      writeFileSync(path('proof'), await own('prove', '77', folder.file, '--entry', entry));
      writeFileSync(
        path('consistency'),
        await own('consistency', first, last, '--log', folder.file),
      );
      const { vkey } = JSON.parse(readFileSync(folder.file, 'utf8').split('\n')[0] ?? '').segment;
      await own('verify', folder.file, '--vkey', vkey);
      const args = [vkey, folder.file, path('proof'), entry, path('consistency'), ...files];
      const said = execFileSync('go', ['run', '.', ...args], { cwd: VERIFIER, encoding: 'utf8' });
      expect(files.length).toBeGreaterThan(4);
      expect(said).toContain(`${files.length} checkpoints`);
      expect(said).toContain('inclusion of 77 and consistency verified');
    },
  );
});
