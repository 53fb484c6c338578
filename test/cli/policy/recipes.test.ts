import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { policy } from './run-policy.ts';

it.each(readdirSync('policies/recipes'))(
  'the recipe %s decides its cases as they expect',
  async (name) => {
    const folder = `policies/recipes/${name}`;
    const { code, out } = await policy(`test ${folder}/bundle.tar.gz ${folder}/cases.yaml`);
    expect([code, out]).toEqual([0, expect.stringMatching(/^\d+ passed, 0 failed\n/)]);
  },
);
