import { readdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { run } from '../../../src/cli/policy/run.ts';

it.each(readdirSync('policies/recipes'))(
  'the recipe %s decides its cases as they expect',
  async (name) => {
    const folder = `policies/recipes/${name}`;
    const out = new PassThrough();
    const args = ['test', `${folder}/bundle.tar.gz`, `${folder}/cases.yaml`];
    const terminal = { stdin: new PassThrough(), stdout: out, stderr: out, env: {} };
    expect(await run(args, terminal)).toBe(0);
    expect(String(out.read())).toMatch(/^\d+ passed, 0 failed\n/);
  },
);
