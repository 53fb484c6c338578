import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCapture } from '../../src/policy/capture.ts';
import { openHere } from './open-point.ts';
import { bundleFile, HAZARDS, keyFacts, resolved, UNKNOWN } from './values.ts';

test('inputs that a disk does not take in time are left out whole, so that memory stays bounded', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'capture-')), 'capture.jsonl');
  const capture = createCapture(path);
  const input = JSON.stringify({ padding: 'x'.repeat(1 << 20) });
  // Nothing is written before this turn ends.
  for (let call = 0; call < 20; call += 1) capture.write(input, { effect: 'allow', rule: 'demo' });
  await capture.close();
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(JSON.parse(line).result.rule).toBe('demo');
});

test('a capture file has full inputs with their decisions, readable only by its owner', async () => {
  const captureFile = join(mkdtempSync(join(tmpdir(), 'policy-')), 'capture.jsonl');
  const point = await openHere({ captureFile });
  await point.decide(resolved(), 'request');
  await point.close();
  const line = JSON.parse(readFileSync(captureFile, 'utf8'));
  expect(line.input.source.encryption_context).toEqual({ tenant: 'a' });
  expect(line.result).toEqual({ allow: true, rule: 'demo' });
  expect(statSync(captureFile).mode & 0o777).toBe(0o600);
});

test('a capture file says what each decision came to, also without a source key', async () => {
  const captureFile = join(mkdtempSync(join(tmpdir(), 'policy-')), 'capture.jsonl');
  const point = await openHere({ source: HAZARDS, captureFile });
  const keys = { source: UNKNOWN, destination: keyFacts('alias/demo-destination') };
  for (const action of ['kms:ReEncrypt', 'kms:CheckReEncrypt'] as const) {
    point.decide(resolved({ action }, { keys }), 'request');
  }
  await point.close();
  const lines = readFileSync(captureFile, 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).result.allow)).toEqual([false, true]);
});

test('a capture file that others may read is refused at start', async () => {
  const captureFile = bundleFile(Buffer.from(''));
  chmodSync(captureFile, 0o644);
  await expect(openHere({ captureFile })).rejects.toThrow(/must be of mode 0600/);
});

test('a capture file that is a FIFO is refused, and its reader is not waited for', () => {
  const fifo = join(mkdtempSync(join(tmpdir(), 'capture-')), 'fifo');
  execFileSync('mkfifo', ['-m', '600', fifo]);
  expect(() => createCapture(fifo)).toThrow('policy.capture_file: ENXIO');
});
