import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AwsProxy, startAwsProxy, TRANSPORTS } from '../../helpers/aws-proxy.ts';
import { createWorld } from '../../simulation/world.ts';
import { reportTrials, SEED, trials } from '../trials.ts';
import { REQUEST, untilWell } from './rounds.ts';

const AT_ONCE = 25;

describe.each(TRANSPORTS)('F16 over the %s transport', (transport) => {
  let aws: AwsProxy;

  beforeAll(async () => {
    aws = await startAwsProxy({ settings: [`kms.aws.transport=${transport}`] });
  });
  afterAll(() => aws.close());

  const world = createWorld(SEED);

  /** True if the caller left before the end. */
  function callAndLeave(): Promise<boolean> {
    const inMs = world.chance(0.3) ? world.between(1, 25) : 10_000;
    return new Promise((resolve) => {
      const call = aws.client.ReEncrypt(REQUEST, { deadline: Date.now() + inMs }, (failed) =>
        resolve(failed !== null),
      );
      if (world.chance(0.6)) setTimeout(() => call.cancel(), world.between(0, 20));
    });
  }

  test('a caller who leaves at any moment is recorded once, with an outcome', async () => {
    const count = trials(2500);
    await untilWell(aws.client);
    aws.kms.always({ kind: 'answer', delayMs: 5 }, 'ReEncrypt');
    const before = aws.proxy.entries().length;
    let gone = 0;
    for (let done = 0; done < count; done += AT_ONCE) {
      const calls = Array.from({ length: Math.min(AT_ONCE, count - done) }, callAndLeave);
      gone += (await Promise.all(calls)).filter(Boolean).length;
    }
    const since = (): readonly Entry[] => aws.proxy.entries().slice(before);
    await expect.poll(() => unended(since())).toEqual([]);
    const terminals = countTerminals(since());
    expect([...terminals.values()].filter((times) => times !== 1)).toEqual([]);
    expect(terminals.size).toBeGreaterThanOrEqual(count - gone);
    expect(terminals.size).toBeLessThanOrEqual(count);
    reportTrials({
      fault: `F16 ${transport} (${terminals.size} reached the log)`,
      trials: count,
      injections: gone,
    });
  });
});

type Entry = Readonly<Record<string, unknown>>;

const idOf = (entry: Entry): string => String(entry['decision_id'] ?? '');

/** Calls with an intent and no outcome. */
function unended(entries: readonly Entry[]): string[] {
  const ended = new Set(entries.filter(({ kind }) => kind === 'outcome').map(idOf));
  return entries.filter((entry) => entry['kind'] === 'intent' && !ended.has(idOf(entry))).map(idOf);
}

function countTerminals(entries: readonly Entry[]): Map<string, number> {
  const terminals = new Map<string, number>();
  for (const entry of entries) {
    if (idOf(entry) === '' || entry['kind'] === 'intent') continue;
    terminals.set(idOf(entry), (terminals.get(idOf(entry)) ?? 0) + 1);
  }
  return terminals;
}
