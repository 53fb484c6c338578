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
  ['a missing file', () => join(folder, 'none'), /^\S+: ENOENT: no such file.* '\S+none'$/],
  ['an empty file', () => secretFile(' \n'), /^\S+: \S+secret is empty$/],
  [
    'a file that everyone may read',
    () => secretFile('hush', 0o644),
    /^\S+: everyone can read \S+secret: make its mode 0640 or 0600$/,
  ],
])('%s is refused, and the error names the setting, and the file once', (_name, file, message) => {
  const read = () => readAccessKeys([{ id: 'AKID', secret_file: file() }]);
  expect(read).toThrow(message);
  expect(read).toThrow(/^kms_json\.access_keys\.0\.secret_file: /);
});
