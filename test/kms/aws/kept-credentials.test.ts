import { expect, it } from 'vitest';
import { keepCredentials } from '../../../src/kms/aws/kept-credentials.ts';

/** Hands out numbered credentials that expire after this many milliseconds. */
function provider(lifetimeMs: number | undefined) {
  const state = { now: 0, asked: 0 };
  const credentialsOf = keepCredentials(
    async () => {
      state.asked += 1;
      return {
        accessKeyId: `key-${state.asked}`,
        secretAccessKey: 's',
        ...(lifetimeMs !== undefined && { expiration: new Date(state.now + lifetimeMs) }),
      };
    },
    { isDue: () => false },
    () => state.now,
  );
  return { state, credentialsOf };
}

it('asks once for credentials that do not expire', async () => {
  const { state, credentialsOf } = provider(undefined);
  await credentialsOf();
  state.now = Number.MAX_SAFE_INTEGER;
  expect(credentialsOf()).toMatchObject({ accessKeyId: 'key-1' });
});

it('asks once a second at most, and where the clock was put back', async () => {
  const { state, credentialsOf } = provider(1500);
  await credentialsOf();
  state.now = 999;
  expect(credentialsOf()).toMatchObject({ accessKeyId: 'key-1' });
  state.now = 1000;
  expect(await credentialsOf()).toMatchObject({ accessKeyId: 'key-2' });
  state.now = 999;
  expect(await credentialsOf()).toMatchObject({ accessKeyId: 'key-3' });
});

it('never returns credentials that have expired since', async () => {
  const { state, credentialsOf } = provider(500);
  await credentialsOf();
  state.now = 500;
  expect(await credentialsOf()).toMatchObject({ accessKeyId: 'key-2' });
});

it('caches no failure, and nothing that had expired before it', async () => {
  const fails = { next: false };
  const { state, credentialsOf } = provider(1001);
  const or = keepCredentials(
    async () => {
      if (fails.next) throw new Error('no credentials');
      return credentialsOf();
    },
    { isDue: () => false },
    () => state.now,
  );
  await or();
  fails.next = true;
  state.now = 1000;
  await expect(or()).rejects.toThrow('no credentials');
  await expect(or()).rejects.toThrow('no credentials');
  fails.next = false;
  expect(await or()).toMatchObject({ accessKeyId: 'key-2' });
});
