import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeAll, connect, reEncrypt } from '../helpers/grpc-client.ts';
import { startProxy } from '../helpers/proxy.ts';
import { openPoint } from '../policy/open-point.ts';
import { withManifest } from '../policy/tar.ts';
import { archive, EXAMPLE, resolved } from '../policy/values.ts';
import { reportTrials, trials } from './trials.ts';

const RELOADS = trials(1_000);
const CALLERS = 8;
const REVISIONS = ['example-2', 'even', 'odd'];
const good = archive(EXAMPLE);
const bad = [good.subarray(0, 20_000), Buffer.from('rubbish'), withManifest(good, { revision: 7 })];
const versions = ['even', 'odd'].map((revision) => withManifest(good, { revision }));
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-faults-'));
  file = join(folder, 'bundle.tar.gz');
  put(good);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(bytes: Buffer): void {
  writeFileSync(`${file}.new`, bytes);
  renameSync(`${file}.new`, file);
}

/** Each reload of a proxy starts a new file, as SIGHUP does. */
function entriesIn(log: string): Record<string, unknown>[] {
  const files = readdirSync(log).filter((name) => name.endsWith('.jsonl'));
  // One by one: all together may be longer than a string can be.
  return files.flatMap((name) => {
    const lines = readFileSync(join(log, name), 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line));
  });
}

/** Swaps the bundle repeatedly, one time in five for a bad one; returns how many were refused. */
async function swap(reload: () => Promise<void>): Promise<number> {
  let refused = 0;
  for (let i = 0; i < RELOADS; i += 1) {
    const wrong = i % 5 === 4 ? bad[i % bad.length] : undefined;
    put(wrong ?? versions[i % 2] ?? good);
    await reload().catch(() => {
      refused += 1;
    });
  }
  expect(refused).toBe(Math.floor(RELOADS / 5));
  return refused;
}

// F14: every decision names one revision; a bad bundle leaves the old one active.
test('reloads under load lose no decision, and bad bundles among them change nothing', async () => {
  const point = await openPoint({ source: file });
  let running = true;
  let decided = 0;
  const load = (async () => {
    while (running) {
      const request = await point.decide(resolved(), 'request');
      await turn();
      const result = await point.decide(resolved({}, { decision: request }), 'result');
      expect([request.effect, result.effect]).toEqual(['allow', 'allow']);
      expect(result.revision).toBe(request.revision);
      expect(REVISIONS).toContain(request.revision);
      decided += 1;
    }
  })();
  const refused = await swap(point.reload);
  running = false;
  await load;
  reportTrials({ fault: 'policy reloads', trials: RELOADS, injections: refused, decided });
  expect(decided).toBeGreaterThan(0);
  await point.close();
});

test('reloads of a whole proxy lose no call, and each intent names a bundle that was active', async () => {
  const proxy = await startProxy([`policy.source=${file}`]);
  const client = connect(proxy.endpoint);
  const { CiphertextBlob: ciphertextBlob = new Uint8Array() } =
    proxy.embedded?.operations.Encrypt({
      KeyId: 'alias/demo-source',
      Plaintext: Buffer.from('plaintext'),
      EncryptionContext: { tenant: 'acme' },
    }) ?? {};
  const request = {
    ciphertextBlob,
    sourceKeyId: 'alias/demo-source',
    sourceEncryptionContext: { tenant: 'acme' },
    destinationKeyId: 'alias/demo-destination',
    destinationEncryptionContext: { tenant: 'acme' },
  };
  let running = true;
  const times: number[] = [];
  const callers = Array.from({ length: CALLERS }, async () => {
    while (running) {
      const started = performance.now();
      await reEncrypt(client, request);
      times.push(performance.now() - started);
    }
  });
  const refused = await swap(proxy.reload);
  running = false;
  await Promise.all(callers);

  const kinds = new Map<unknown, unknown[]>();
  for (const { decision_id: id, kind, bundles } of entriesIn(proxy.folder)) {
    if (kind !== 'intent' && kind !== 'outcome') continue;
    kinds.set(id, [...(kinds.get(id) ?? []), kind]);
    const { policy } = (bundles ?? {}) as { policy?: { revision: string } };
    if (kind === 'intent') expect(REVISIONS).toContain(policy?.revision);
  }
  const p99Ms = Math.round(times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0);
  const fault = 'policy reloads, by gRPC';
  reportTrials({ fault, trials: RELOADS, injections: refused, calls: times.length, p99Ms });
  expect(kinds.size).toBe(times.length);
  expect([...kinds.values()].filter((both) => both.sort().join() !== 'intent,outcome')).toEqual([]);
  closeAll(client);
  await proxy.stop();
});
