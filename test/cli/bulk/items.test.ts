import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { builtProgram } from '../../helpers/built-program.ts';
import { bulkJobs, item, jsonl, many } from './jobs.ts';

const PROGRAM = await builtProgram();
const { folder, items, results, write, read, reEncrypts, start } = await bulkJobs();

describe('a wrong line ends the job with its number and exit 65:', () => {
  test.each([
    ['{"reference":', 'must be a JSON object'],
    ['[1]', 'must be a JSON object'],
    ['', 'must be a JSON object'],
    ['{"reference":1}', 'reference must be a string'],
    ['{"reference":"\\ud800"}', 'reference must be valid Unicode'],
    ['{"ciphertext_blob":"a"}', 'ciphertext_blob must be base64'],
    ['{"CiphertextBlob":"AAAA"}', 'CiphertextBlob is not known; reference, ciphertext_blob,'],
    ['{"__proto__":"AAAA"}', '__proto__ is not known'],
    ['{"source_encryption_context":{"a":1}}', 'source_encryption_context must be an object of'],
    ['{"destination_encryption_context":[]}', 'destination_encryption_context must be an object'],
    [
      '{"destination_encryption_context":{"__proto__":"x"}}',
      'destination_encryption_context must not have the key __proto__',
    ],
    [
      '{"source_encryption_algorithm":"ROT13"}',
      'source_encryption_algorithm must be one of SYMMETRIC_DEFAULT',
    ],
    ['{"grant_tokens":"x"}', 'grant_tokens must be a list of strings'],
    ['{"reference":"a","reference":"b"}', 'reference occurs twice in one object'],
    ['{"reference":"a","\\u0072eference":"b"}', 'reference occurs twice in one object'],
    ['{"source_encryption_context":{"t":"x","t":"y"}}', 't occurs twice in one object'],
    [`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'a is not known'],
  ])('%s', async (line, told) => {
    writeFileSync(items, `${jsonl(many(1))}${line}\n`);
    const ran = await start();
    expect(ran.exit).toBe(65);
    expect(ran.stderr).toContain(`${items}:2: ${told}`);
  });

  test('--json reports it too, with what is done', async () => {
    writeFileSync(items, `${jsonl(many(2))}nonsense\n`);
    const ran = await start(['--json']);
    expect(ran.exit).toBe(65);
    expect(JSON.parse(ran.stdout)).toEqual({
      items: 2,
      released: 2,
      refused: 0,
      reasons: {},
      before: 0,
      error: `${items}:3: must be a JSON object`,
    });
  });

  test('so does one without a destination, for which no option names a key', async () => {
    const { destination_key_id: _, ...nowhere } = item('row-0');
    for (const line of [nowhere, item('row-0', { destination_key_id: '' })]) {
      write([line]);
      const ran = await start();
      expect(ran.exit).toBe(65);
      expect(ran.stderr).toContain(`${items}:1: destination_key_id is missing, and --destination-`);
    }
    expect(reEncrypts()).toEqual([]);
  });

  test('the items before it are done', async () => {
    writeFileSync(items, `${jsonl(many(201))}nonsense\n`);
    expect((await start()).exit).toBe(65);
    expect(read()).toHaveLength(201);
  });
});

test('a folder given for items is named, and no results are made', async () => {
  mkdirSync(items);
  const ran = await start();
  expect(ran.exit).toBe(1);
  expect(ran.stderr).toContain(`${items} is a folder`);
  expect(existsSync(results)).toBe(false);
});

// Node.js reads a folder as empty input: a job without items would succeed.
test('a folder as standard input is named, and no results are made', () => {
  const stdin = openSync(folder, 'r');
  const args = [PROGRAM, 'bulk', '-', results];
  const child = spawnSync(process.execPath, args, { stdio: [stdin, 'ignore', 'pipe'] });
  closeSync(stdin);
  const { status: code, stderr: said } = child;
  expect(String(said)).toBe('kms-reencrypt-proxy bulk: standard input is a folder\n');
  expect(code).toBe(1);
  expect(existsSync(results)).toBe(false);
});

test('a missing file of items is named, and no results are made', async () => {
  const ran = await start();
  expect(ran.exit).toBe(1);
  expect(ran.stderr).toContain(items);
  expect(existsSync(results)).toBe(false);
});
