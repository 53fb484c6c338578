import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createNodeDisk } from '../../src/audit/log/disk.ts';
import { parseNote } from '../../src/audit/log/note.ts';
import { makeEd25519Key } from '../../src/audit/log/signer.ts';
import { parseVkey } from '../../src/audit/log/vkey.ts';
import { collectLogs } from '../../src/audit/verify/collect.ts';
import { verifyLog } from '../../src/audit/verify/verify.ts';
import { startProxy } from '../helpers/proxy.ts';

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-key-'));
const seed = join(folder, 'keys.yaml');
const signing = '\n  - { alias: alias/audit, spec: ECC_NIST_EDWARDS25519, usage: SIGN_VERIFY }\n';
writeFileSync(seed, readFileSync('config/demo-keys.yaml', 'utf8') + signing);
const settings = (keyId: string) => [
  `kms.embedded.seed=${seed}`,
  `audit.checkpoint.kms_key_id=${keyId}`,
  'audit.checkpoint.every_ms=100',
];

test('a key pair in KMS signs a proxy’s checkpoints, without a key file', async () => {
  const proxy = await startProxy(settings('alias/audit'));
  const file = join(proxy.folder, 'audit.jsonl');
  await expect.poll(() => proxy.entries().map(({ kind }) => kind)).toContain('checkpoint');
  const shown = proxy.embedded?.operations.GetPublicKey({ KeyId: 'alias/audit' });
  const [{ segment }] = proxy.entries() as [{ segment: { vkey: string } }];
  const { key } = parseVkey(segment.vkey);
  expect(key.export({ type: 'spki', format: 'der' })).toEqual(Buffer.from(shown!.PublicKey));
  const disk = createNodeDisk();
  const verdict = verifyLog(collectLogs(disk, file)[0]!, {
    ...{ disk, checkpoints: [], keys: [parseVkey(segment.vkey)] },
    onProgress: () => undefined,
  });
  expect(verdict.state).toBe('intact');
  expect(verdict.signed).toBeGreaterThan(1);
  expect(() => readFileSync(`${file}.key`)).toThrow('ENOENT');
  const told = () => proxy.logged.map((line) => JSON.parse(line).checkpoint).filter(Boolean);
  // A checkpoint is in the file before the thread that wrote it has told the logging thread.
  await expect.poll(told).not.toEqual([]);
  expect(parseNote(told()[0]).origin).toContain('kms-reencrypt-proxy/');
  await proxy.stop();
});

test('a start logs the key that verifiers need, whether given, made or in KMS', async () => {
  const given = join(folder, 'given.pem');
  writeFileSync(given, makeEd25519Key());
  for (const key of [[`audit.checkpoint.signing_key_file=${given}`], [], settings('alias/audit')]) {
    const proxy = await startProxy(key);
    const [{ segment }] = proxy.entries() as [{ segment: { vkey: string } }];
    const told = proxy.logged.map((line) => JSON.parse(line).vkey).filter(Boolean);
    expect(told).toEqual([segment.vkey]);
    await proxy.stop();
  }
});

test('an unknown key in KMS stops the start with one sentence', async () => {
  await expect(startProxy(settings('alias/nobody'))).rejects.toThrow(
    /^audit\.checkpoint\.kms_key_id: alias\/nobody: NotFoundException/,
  );
});
