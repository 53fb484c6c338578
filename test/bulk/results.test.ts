import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Answered } from '../../src/bulk/ask.ts';
import { openResults } from '../../src/bulk/results.ts';
import { RefusedError, type RefusedFacts } from '../../src/client/refused-error.ts';

let path: string;

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'results-')), 'results.jsonl');
});

const refused = (reference: string): Answered => [
  { item: { reference, request: null }, digest: 'of it', bytes: 1 },
  {
    reference,
    response: undefined,
    refused: new RefusedError('no', { code: 'NOT_FOUND' } as RefusedFacts),
  },
];

test('a second job on a file does not begin, by any name of the file', async () => {
  const other = `${path}.link`;
  symlinkSync(path, other);
  const first = await openResults(other);
  for (const name of [path, other]) {
    await expect(openResults(name)).rejects.toMatchObject({
      kind: 'later',
      message: `another job writes ${name}`,
    });
  }
  await first.append([refused('a')]);
  await first.close();
  await (await openResults(path)).close();
});

test('what another process wrote meanwhile ends the job, and is kept', async () => {
  const results = await openResults(path);
  writeFileSync(path, 'of somebody else');
  await expect(results.append([refused('b')])).rejects.toThrow('something else writes to');
  expect(readFileSync(path, 'utf8')).toBe('of somebody else');
  await results.close();
});

test.each([
  ['removed', () => rmSync(path)],
  ['moved', () => renameSync(path, `${path}.moved`)],
  [
    'replaced',
    () => {
      writeFileSync(`${path}.new`, readFileSync(path));
      renameSync(`${path}.new`, path);
    },
  ],
])(
  'results that are %s during a job end it, since nobody would find later ones',
  async (_, change) => {
    const results = await openResults(path);
    await results.append([refused('a')]);
    change();
    await expect(results.append([refused('b')])).rejects.toThrow('was moved, replaced or removed');
    await results.close();
  },
);

test('a torn line with the longest reference is cut off', async () => {
  const first = await openResults(path);
  await first.append([refused('a'), refused('r'.repeat(1 << 20))]);
  await first.close();
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, -1));
  const second = await openResults(path);
  await second.append([refused('b')]);
  await second.close();
  expect(readFileSync(path, 'utf8')).toMatch(/^\{"reference":"a".*\n\{"reference":"b".*\n$/);
});

test('a lone item without a newline is not taken for a torn result', async () => {
  writeFileSync(path, '{"reference":"a","ciphertext_blob":"AAAA"}');
  await expect(openResults(path)).rejects.toThrow('ends in a line that is not a result of a job');
});
