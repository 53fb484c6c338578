import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { openResults } from '../../src/bulk/results.ts';
import type { ItemResult } from '../../src/client/item-result.ts';
import { RefusedError, type RefusedFacts } from '../../src/client/refused-error.ts';

let path: string;

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'results-')), 'results.jsonl');
});

const refused = (reference: string): ItemResult => ({
  reference,
  response: undefined,
  refused: new RefusedError('no', { code: 'NOT_FOUND' } as RefusedFacts),
});

test('of two jobs on one file the later to write ends, and cuts off nothing of the other', async () => {
  const [one, other] = [await openResults(path), await openResults(path)];
  await one.append([refused('a')]);
  const written = readFileSync(path, 'utf8');
  await expect(other.append([refused('b')])).rejects.toThrow('something else writes to');
  expect(readFileSync(path, 'utf8')).toBe(written);
  await Promise.all([one.close(), other.close()]);
});

test('of two jobs that write at once not both take it for done', async () => {
  const [one, other] = [await openResults(path), await openResults(path)];
  const wrote = await Promise.allSettled([
    one.append([refused('a')]),
    other.append([refused('a')]),
  ]);
  expect(wrote.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  await Promise.all([one.close(), other.close()]);
});

test('the torn line of the longest reference is cut off', async () => {
  const first = await openResults(path);
  await first.append([refused('a'), refused('r'.repeat(1 << 20))]);
  await first.close();
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, -1));
  const second = await openResults(path);
  await second.append([refused('b')]);
  await second.close();
  expect(readFileSync(path, 'utf8')).toMatch(/^\{"reference":"a".*\n\{"reference":"b".*\n$/);
});

test('an item that stands alone without its newline is no torn result', async () => {
  writeFileSync(path, '{"reference":"a","ciphertext_blob":"AAAA"}');
  await expect(openResults(path)).rejects.toThrow('ends in what is no result of a job');
});
