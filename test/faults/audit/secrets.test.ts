import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { createClient } from '../../../src/client/create-client.ts';
import { startFakeKms } from '../../helpers/fake-kms.ts';
import { startProxy } from '../../interop/helpers/proxy.ts';
import { reportTrials } from '../trials.ts';
import { preparedForSnapshots } from './heap.ts';

const mark = (name: string) => `MARK-${name}-${randomBytes(12).toString('hex')}`;
const CALLS = 20;

/** In how many chunks of a process's memory each marker is found. */
function countInMemory(pid: number, markers: readonly string[]): readonly number[] {
  const counts = markers.map(() => 0);
  const regions = readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line))
    .filter((found) => found !== null);
  const fd = openSync(`/proc/${pid}/mem`, 'r');
  const wanted = markers.map((marker) => Buffer.from(marker));
  for (const [, from = '', to = ''] of regions) {
    const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
    for (let at = start; at < end; at += 4 << 20) {
      const chunk = Buffer.alloc(Math.min((4 << 20) + 256, end - at));
      try {
        readSync(fd, chunk, 0, chunk.length, at);
      } catch {
        continue;
      }
      wanted.forEach((marker, index) => {
        if (chunk.includes(marker)) counts[index] = (counts[index] ?? 0) + 1;
      });
    }
  }
  closeSync(fd);
  return counts;
}

test.skipIf(process.getuid?.() !== 0)(
  'plaintext is nowhere in the proxy; ciphertext, grant token, credential and context value are in no entry, log line or metric',
  async () => {
    const secret = {
      plaintext: mark('plaintext'),
      ciphertext: mark('ciphertext'),
      grant: mark('grant'),
      credential: mark('credential'),
      value: mark('value'),
    };
    const kms = await startFakeKms();
    // Only a KMS can turn one into the other; this stands for it, out of the proxy's reach.
    const vault = new Map([[secret.ciphertext, secret.plaintext]]);
    const snapshots = preparedForSnapshots();
    const proxy = await startProxy({
      settings: ['kms.backend=aws', `kms.aws.endpoint=${kms.url}`, 'kms.aws.region=eu-west-1'],
      env: {
        ...snapshots.env,
        AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
        AWS_SECRET_ACCESS_KEY: secret.credential,
      },
    });
    const client = createClient({ target: proxy.grpc });
    const context = { tenant: secret.value };
    let answered = 0;
    let refused = '';
    for (let call = 0; call < CALLS; call += 1) {
      const request = {
        ciphertextBlob: Buffer.from(secret.ciphertext),
        sourceKeyId: 'alias/demo-source',
        sourceEncryptionContext: context,
        destinationKeyId: 'alias/demo-destination',
        destinationEncryptionContext: call % 4 === 3 ? { tenant: 'another' } : context,
        grantTokens: [secret.grant],
      };
      await client.reEncrypt(request, { timeoutMs: 5_000 }).then(
        () => {
          answered += 1;
        },
        (thrown) => {
          refused = String(thrown);
        },
      );
    }
    const metrics = await (await fetch(`${proxy.probe}/metrics`)).text();
    const [plaintexts, ciphertexts] = countInMemory(proxy.child.pid, [
      secret.plaintext,
      secret.ciphertext,
    ]);
    const heap = await snapshots.ask(proxy.child.pid);
    const written = readdirSync(proxy.folder)
      .map((name) => readFileSync(join(proxy.folder, name), 'latin1'))
      .join('\n');
    const told = { audit: written, output: proxy.child.output(), metrics };
    client.close();
    await proxy.stop();
    await kms.close();

    expect(vault.get(secret.ciphertext)).toBe(secret.plaintext);
    expect(answered, refused).toBe(CALLS * 0.75);
    expect(plaintexts, 'plaintext in memory').toBe(0);
    expect(heap.includes(secret.plaintext), 'plaintext in the heap').toBe(false);
    expect(heap.includes('alias/demo-source'), 'the snapshot must hold what is there').toBe(true);
    expect(ciphertexts, 'the scan must find what is there').toBeGreaterThan(0);
    for (const [name, marker] of Object.entries(secret)) {
      for (const [where, text] of Object.entries(told)) {
        expect(text.includes(marker), `${name} in ${where}`).toBe(false);
        const base64 = Buffer.from(marker).toString('base64');
        expect(text.includes(base64), `${name} in base64 in ${where}`).toBe(false);
      }
    }
    expect(written).toContain('hmac-sha256:');
    reportTrials({ fault: 'audit secrets', trials: CALLS, injections: answered });
  },
);
