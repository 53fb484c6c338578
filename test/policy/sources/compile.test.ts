import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compileFolder } from '../../../src/policy/sources/compile.ts';

it.each(['more.rego', 'data.json', '.manifest'])(
  'a folder of Rego whose %s is a FIFO is refused, and nobody waits for who writes into it',
  async (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'compile-'));
    writeFileSync(join(folder, 'policy.rego'), 'package kms.reencrypt\n');
    execFileSync('mkfifo', [join(folder, name)]);
    await expect(compileFolder({ folder })).rejects.toThrow(`${name} is not a regular file`);
  },
);
