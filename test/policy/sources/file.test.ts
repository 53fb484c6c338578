import { execFileSync } from 'node:child_process';
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXAMPLE, resolved } from '../values.ts';
import { good, next, useSources } from './use-sources.ts';

const world = useSources();
const { open } = world;

describe('a bundle in a file', () => {
  it('that is missing is reported in one clear sentence', async () => {
    await expect(open(join(world.folder, 'none.tar.gz'))).rejects.toThrow(
      /^policy\.source: there is no policy bundle at .*none\.tar\.gz that can be read$/,
    );
  });

  it('that is a FIFO never blocks, at start or in place of a serving bundle', async () => {
    const fifo = join(world.folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    await expect(open(fifo)).rejects.toThrow(
      `policy.source: the policy bundle ${fifo} is not a regular file`,
    );
    const file = join(world.folder, 'bundle.tar.gz');
    writeFileSync(file, good);
    const point = await open(file, { bundle: { watchIntervalMs: 10 } });
    renameSync(fifo, file);
    await expect.poll(() => point.status().failures).toBe(1);
    expect(point.status()).toMatchObject({ revision: 'example-2' });
  });

  it('is reloaded when replaced, and still serves when replaced by a bad one', async () => {
    const file = join(world.folder, 'bundle.tar.gz');
    const put = (bytes: Buffer) => {
      writeFileSync(`${file}.new`, bytes);
      renameSync(`${file}.new`, file);
    };
    put(good);
    const point = await open(file, { bundle: { watchIntervalMs: 10 } });
    expect(point.status()).toMatchObject({ revision: 'example-2', activations: 1, stale: false });
    put(next);
    await expect.poll(() => point.status().revision).toBe('next');
    put(next.subarray(0, 15_000));
    await expect.poll(() => point.status().failures).toBe(1);
    expect(point.status()).toMatchObject({
      revision: 'next',
      error: expect.stringMatching(/gzip/),
    });
    expect(await point.decide(resolved(), 'request')).toMatchObject({
      effect: 'allow',
      revision: 'next',
    });
    expect(world.events.map(({ outcome }) => outcome)).toEqual([
      'activated',
      'activated',
      'refused',
    ]);
  });

  it('that is removed is reported once, still serves, and recovers when it is back', async () => {
    const file = join(world.folder, 'bundle.tar.gz');
    writeFileSync(file, good);
    const point = await open(file, { bundle: { watchIntervalMs: 10 } });
    renameSync(file, `${file}.gone`);
    await expect.poll(() => point.status().failures).toBe(1);
    expect(point.status()).toMatchObject({ error: expect.stringMatching(/no policy bundle at/) });
    expect(point.decide(resolved(), 'request')).toMatchObject({ effect: 'allow' });
    await new Promise((pass) => setTimeout(pass, 100));
    renameSync(`${file}.gone`, file);
    await expect.poll(() => point.status().error).toBe('');
    expect(world.events.map(({ outcome }) => outcome)).toEqual([
      'activated',
      'refused',
      'unchanged',
    ]);
  });

  it('that is replaced while it is opened is still noticed', async () => {
    const file = join(world.folder, 'bundle.tar.gz');
    writeFileSync(file, good);
    const onReload = () => writeFileSync(file, next);
    const point = await open(file, { bundle: { watchIntervalMs: 10 }, onReload });
    await expect.poll(() => point.status().revision).toBe('next');
  });

  it('that is unchanged makes no new generation', async () => {
    copyFileSync(EXAMPLE, join(world.folder, 'b'));
    const point = await open(join(world.folder, 'b'));
    const { bundle } = await point.decide(resolved(), 'request');
    await point.reload();
    expect((await point.decide(resolved(), 'request')).bundle).toBe(bundle);
    expect(world.events.map(({ outcome }) => outcome)).toEqual(['activated', 'unchanged']);
  });

  it('above the size limit is refused unread', async () => {
    await expect(open(EXAMPLE, { bundle: { maxBytes: 1_000 } })).rejects.toThrow(
      `the policy bundle ${EXAMPLE} is larger than 1000 bytes`,
    );
  });
});
