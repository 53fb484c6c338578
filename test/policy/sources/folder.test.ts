import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useSources } from './use-sources.ts';

const world = useSources();
const { open } = world;

describe('a folder of Rego', () => {
  beforeEach(() => void vi.stubEnv('PATH', world.folder));
  afterEach(() => void vi.unstubAllEnvs());

  it('without opa to compile it is refused, with how to build a bundle', async () => {
    await expect(open('policies/example')).rejects.toThrow(
      /^policy\.source: policies\/example is a folder of Rego, and opa is not on the PATH to compile it; install OPA, or build a bundle where OPA is, by kms-reencrypt-proxy policy build, and name that$/,
    );
  });

  it('without Rego is refused, and says so', async () => {
    await expect(open(world.folder)).rejects.toThrow(
      /has no \.rego file; name a folder of Rego or a built/,
    );
  });
});
