import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withData } from '../policy/values.ts';

/** A file with the example policy whose rules for anonymous callers are these. */
export function exampleBundle(...rules: readonly object[]): string {
  const principals = { anonymous: { kinds: ['anonymous'], rules } };
  const file = join(mkdtempSync(join(tmpdir(), 'example-')), 'bundle.tar.gz');
  writeFileSync(file, withData({ kms_reencrypt: { principals } }));
  return file;
}
