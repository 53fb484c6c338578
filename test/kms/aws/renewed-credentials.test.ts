import { expect, it, vi } from 'vitest';
import {
  type CredentialsState,
  renewCredentials,
} from '../../../src/kms/aws/renewed-credentials.ts';

const MINUTE = 60_000;

interface Given {
  readonly key: string;
  readonly expiration?: Date;
}

/** A source whose credentials end after `lifeMs`, by a clock that only moves when told. */
function world(lifeMs: number | undefined) {
  const at = { now: 1_000_000_000, lifeMs, error: undefined as Error | undefined };
  const states: CredentialsState[] = [];
  const warnings: string[] = [];
  let given = 0;
  const ask = vi.fn(async (): Promise<Given> => {
    if (at.error) throw at.error;
    given += 1;
    const key = `key-${given}`;
    return at.lifeMs === undefined ? { key } : { key, expiration: new Date(at.now + at.lifeMs) };
  });
  const credentials = renewCredentials<{ forceRefresh?: boolean }, Given>(
    ask,
    { onCredentials: (state) => states.push(state), warn: (told) => warnings.push(told) },
    { wall: () => at.now, ticks: () => at.now },
  );
  const keyOf = async (options?: { forceRefresh?: boolean }) => (await credentials(options)).key;
  const pass = async (ms: number) => {
    at.now += ms;
    await new Promise(setImmediate);
  };
  return { at, ask, keyOf, pass, states, warnings };
}

const settle = () => new Promise(setImmediate);

it('renews credentials a quarter of an hour before they end, beside the calls', async () => {
  const { keyOf, pass, ask } = world(60 * MINUTE);
  await keyOf();
  await pass(45 * MINUTE - 1);
  await keyOf();
  expect(ask).toHaveBeenCalledTimes(1);
  await pass(1);
  expect(await keyOf()).toBe('key-1');
  await settle();
  expect(await keyOf()).toBe('key-2');
  expect(ask).toHaveBeenCalledTimes(2);
});

it('renews credentials of a quarter of an hour once half of it has passed', async () => {
  const { keyOf, pass, ask } = world(15 * MINUTE);
  await keyOf();
  await pass(7.5 * MINUTE - 1);
  await keyOf();
  expect(ask).toHaveBeenCalledTimes(1);
  await pass(1);
  await keyOf();
  expect(ask).toHaveBeenCalledTimes(2);
});

it('asks a source whose answers are past by our clock every 10 s, and uses them: KMS knows better', async () => {
  const { keyOf, pass, ask, states } = world(-120 * MINUTE);
  for (let call = 0; call < 1_000; call += 1) {
    expect(await keyOf()).toMatch(/^key-/);
    await pass(100);
  }
  expect(ask).toHaveBeenCalledTimes(10);
  expect(states.at(-1)?.failing).toBe(true);
});

it('never returns credentials that were good when they came and have ended since', async () => {
  const { at, keyOf, pass } = world(60 * MINUTE);
  await keyOf();
  at.error = new Error('away');
  await pass(60 * MINUTE);
  await expect(keyOf()).rejects.toThrow('away');
});

it('a source that fails is asked once a second, or every 10 s while there are credentials', async () => {
  const { at, ask, keyOf, pass } = world(60 * MINUTE);
  at.error = new Error('away');
  const asked = async (call: () => Promise<unknown>) => {
    ask.mockClear();
    for (let tenth = 0; tenth < 200; tenth += 1) {
      await call();
      await pass(100);
    }
    return ask.mock.calls.length;
  };
  expect(await asked(() => expect(keyOf()).rejects.toThrow('away'))).toBe(20);
  at.error = undefined;
  await keyOf();
  at.error = new Error('away');
  await pass(46 * MINUTE);
  expect(await asked(keyOf)).toBe(2);
});

it('warns of a failed renewal at once, then every minute, and reports it until one succeeds', async () => {
  const { at, keyOf, pass, states, warnings } = world(60 * MINUTE);
  await keyOf();
  const endsAt = at.now + 60 * MINUTE;
  expect(states).toEqual([{ endsAt, failing: false }]);
  at.error = new Error('no credentials: ECONNREFUSED\nbelow the first line');
  await pass(46 * MINUTE);
  for (let seconds = 0; seconds < 70; seconds += 10) {
    await keyOf();
    await pass(10_000);
  }
  const ends = `the AWS credentials that end at ${new Date(endsAt).toISOString()}`;
  const sentence = `${ends} could not be renewed: no credentials: ECONNREFUSED`;
  expect(warnings).toEqual([sentence, sentence]);
  expect(states.at(-1)).toEqual({ endsAt, failing: true });
  at.error = undefined;
  await keyOf();
  await settle();
  expect(states.at(-1)).toEqual({ endsAt: at.now + 60 * MINUTE, failing: false });
});

it('reports a source that gives the same credentials until five minutes before they end', async () => {
  const { at, keyOf, pass, states } = world(60 * MINUTE);
  await keyOf();
  const end = at.now + 60 * MINUTE;
  const askAt = async (left: number) => {
    await pass(end - left - at.now);
    at.lifeMs = left;
    await keyOf();
    await settle();
    return states.at(-1)?.failing;
  };
  expect(await askAt(15 * MINUTE)).toBe(false);
  expect(await askAt(7.5 * MINUTE)).toBe(false);
  expect(await askAt(3.75 * MINUTE)).toBe(true);
});

it('keeps credentials that end later than what their source gives next, unless KMS has rejected them', async () => {
  const { at, keyOf, pass, states } = world(60 * MINUTE);
  await keyOf();
  const endsAt = at.now + 60 * MINUTE;
  at.lifeMs = -MINUTE;
  await pass(46 * MINUTE);
  await keyOf();
  await settle();
  expect(await keyOf()).toBe('key-1');
  expect(states.at(-1)).toEqual({ endsAt, failing: true });
  expect(await keyOf({ forceRefresh: true })).toBe('key-3');
});

it('says of credentials that do not end that they never do', async () => {
  const { keyOf, pass, ask, states } = world(undefined);
  await keyOf();
  await pass(1e12);
  await keyOf();
  expect(ask).toHaveBeenCalledTimes(1);
  expect(states).toEqual([{ endsAt: 0, failing: false }]);
});

it('asks anew when told to, and not within a second of a failure', async () => {
  const { at, keyOf, pass, ask } = world(60 * MINUTE);
  const forceRefresh = true;
  await keyOf();
  expect(await keyOf({ forceRefresh })).toBe('key-2');
  at.error = new Error('away');
  await keyOf({ forceRefresh });
  at.error = undefined;
  await keyOf({ forceRefresh });
  expect(ask).toHaveBeenCalledTimes(3);
  await pass(1_000);
  expect(await keyOf({ forceRefresh })).toBe('key-3');
});

it('gives those at hand where KMS rejected them once and there are no others, until they end', async () => {
  const { at, keyOf, pass, states } = world(60 * MINUTE);
  const forceRefresh = true;
  await keyOf();
  at.error = new Error('away');
  expect(await keyOf({ forceRefresh })).toBe('key-1');
  expect(states.at(-1)?.failing).toBe(true);
  at.error = undefined;
  await pass(10_000);
  await keyOf();
  await settle();
  expect(states.at(-1)?.failing).toBe(false);
  at.error = new Error('away');
  await pass(60 * MINUTE);
  await expect(keyOf({ forceRefresh })).rejects.toThrow('away');
});
