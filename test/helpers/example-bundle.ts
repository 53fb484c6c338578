import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entriesOf, tarGz } from '../policy/tar.ts';

/** A file with the example policy whose rules for anonymous callers are these. */
export function exampleBundle(...rules: readonly object[]): string {
  const principals = { anonymous: { kinds: ['anonymous'], rules } };
  const content = JSON.stringify({ kms_reencrypt: { principals } });
  const entries = entriesOf(readFileSync('policies/bundle.tar.gz'));
  const file = join(mkdtempSync(join(tmpdir(), 'example-')), 'bundle.tar.gz');
  const changed = entries.map((entry) =>
    entry.name === '/data.json' ? { ...entry, content } : entry,
  );
  writeFileSync(file, tarGz(changed));
  return file;
}
