import { describe, expect, test, vi } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import { cacheLookUps, type LookUp } from '../../src/keys/cache.ts';
import { UNKNOWN_KEY } from '../../src/keys/look-up.ts';

const signal = new AbortController().signal;

function setUp(lookUp: LookUp, maxEntries = 10) {
  let time = 0;
  const onLookUp = vi.fn();
  const asked = vi.fn(lookUp);
  const { lookUp: cached, forget } = cacheLookUps(asked, {
    ttlMs: 1000,
    negativeTtlMs: 50,
    maxEntries,
    lookUpMs: 5000,
    now: () => time,
    onLookUp,
  });
  return {
    cached: async (...of: Parameters<typeof cached>) => cached(...of),
    asked,
    forget,
    onLookUp,
    pass: (ms: number) => (time += ms),
  };
}

const known = async (keyId: string) => ({ ...UNKNOWN_KEY, known: true, requestedKeyId: keyId });

describe('the cache of key facts', () => {
  test('looks a key up once for concurrent callers, and again when the time is up', async () => {
    const { cached, asked, pass } = setUp(known);
    await Promise.all([cached('a', signal), cached('a', signal), cached('a', signal)]);
    pass(999);
    await cached('a', signal);
    expect(asked).toHaveBeenCalledTimes(1);
    pass(1);
    await cached('a', signal);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  test('forgets outdated facts, but none that came since', async () => {
    const { cached, asked, forget } = setUp(known);
    const old = await cached('a', signal);
    forget(old);
    await cached('a', signal);
    expect(asked).toHaveBeenCalledTimes(2);
    forget(old);
    await cached('a', signal);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  test('keeps "no such key" for a shorter time', async () => {
    const { cached, asked, onLookUp, pass } = setUp(async () => {
      throw new Refusal('KMS_KEY_NOT_FOUND');
    });
    await expect(cached('a', signal)).rejects.toThrow(Refusal);
    pass(49);
    await expect(cached('a', signal)).rejects.toThrow(Refusal);
    expect(asked).toHaveBeenCalledTimes(1);
    pass(1);
    await expect(cached('a', signal)).rejects.toThrow(Refusal);
    expect(asked).toHaveBeenCalledTimes(2);
    expect(onLookUp.mock.calls.map(([outcome]) => outcome)).toEqual(['miss', 'negative', 'miss']);
  });

  test('keeps few missing keys, and of each only what its caller may read', async () => {
    const cause = new Error('all that the SDK had of the answer');
    const { cached, asked } = setUp(async (keyId) => {
      throw new Refusal('KMS_KEY_NOT_FOUND', { sentence: keyId, kmsError: 'NotFound', cause });
    });
    const told = { reason: 'KMS_KEY_NOT_FOUND', message: 'a', kmsError: 'NotFound' };
    await expect(cached('a', signal)).rejects.toMatchObject({ ...told, cause });
    await expect(cached('a', signal)).rejects.toMatchObject({ ...told, cause: undefined });
    for (let n = 0; n < 1_000; n += 1) await cached(`made-up-${n}`, signal).catch(() => {});
    await cached('made-up-999', signal).catch(() => {});
    expect(asked).toHaveBeenCalledTimes(1_001);
    await cached('a', signal).catch(() => {});
    expect(asked).toHaveBeenCalledTimes(1_002);
  });

  test('never evicts an existing key for missing ones', async () => {
    const { cached, asked } = setUp(async (keyId) => {
      if (keyId === 'a') return known(keyId);
      throw new Refusal('KMS_KEY_NOT_FOUND');
    }, 2);
    for (const keyId of ['a', 'b', 'c', 'd', 'a']) await cached(keyId, signal).catch(() => {});
    expect(asked.mock.calls.map(([keyId]) => keyId)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('reports the age of the facts that it serves, except for those still being looked up', async () => {
    const { cached, onLookUp, pass } = setUp(known);
    await Promise.all([cached('a', signal), cached('a', signal)]);
    pass(400);
    await cached('a', signal);
    expect(onLookUp.mock.calls).toEqual([['miss'], ['hit', undefined], ['hit', 400]]);
  });

  test('keeps no other failure', async () => {
    const { cached, asked } = setUp(async () => {
      throw new Refusal('KEY_FACTS_UNAVAILABLE');
    });
    await expect(cached('a', signal)).rejects.toThrow(Refusal);
    await expect(cached('a', signal)).rejects.toThrow(Refusal);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  test('holds a bounded number of keys, the oldest going first', async () => {
    const { cached, asked } = setUp(known, 2);
    for (const keyId of ['a', 'b', 'c', 'b', 'a']) await cached(keyId, signal);
    expect(asked.mock.calls.map(([keyId]) => keyId)).toEqual(['a', 'b', 'c', 'a']);
  });

  test('rejects a leaving caller with its own reason, while the look-up continues for others', async () => {
    let answer: () => void = () => {};
    const { cached } = setUp(async (keyId) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return known(keyId);
    });
    const leaving = new AbortController();
    const [first, second] = [cached('a', leaving.signal), cached('a', signal)];
    leaving.abort(new Refusal('CANCELLED'));
    await expect(first).rejects.toMatchObject({ reason: 'CANCELLED' });
    const left = cached('a', leaving.signal);
    await expect(left).rejects.toMatchObject({ reason: 'CANCELLED' });
    answer();
    await expect(second).resolves.toMatchObject({ requestedKeyId: 'a' });
  });
});
