import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { readAccessKeys } from '../../../src/server/kms-json/access-keys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'access-keys-'));
});

function secretFile(content: string, mode = 0o600) {
  const file = join(folder, 'secret');
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

it('a secret is its file’s content without the line end', () => {
  const keys = readAccessKeys([{ id: 'AKID', secret_file: secretFile('hush/+=\n') }]);
  expect(keys.get('AKID')?.export().toString()).toBe('hush/+=');
});

it.each([
  ['a missing file', () => join(folder, 'none'), /access_keys\.0\.secret_file: .*none.*ENOENT/],
  ['an empty file', () => secretFile(' \n'), /is empty/],
  ['a file that everyone may read', () => secretFile('hush', 0o644), /everyone can read it/],
])('%s is refused, and the error names the setting', (_name, file, message) => {
  expect(() => readAccessKeys([{ id: 'AKID', secret_file: file() }])).toThrow(message);
});
