import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTurns } from '../src/turns.ts';

/** Which of these messages are dealt with in each turn of the event loop, until all are. */
async function spread(messages: readonly number[], heldBytes = Infinity): Promise<number[][]> {
  const turn = createTurns({ bytes: 16_384, heldBytes });
  let now: number[] = [];
  let left = messages.length;
  for (const bytes of messages) {
    void Promise.resolve(turn(bytes)).then(() => {
      now.push(bytes);
      left -= 1;
    });
  }
  // After what is promised already, and before the next turn.
  await new Promise(process.nextTick);
  const turns = [now];
  while (left > 0) {
    now = [];
    await setImmediate();
    turns.push(now);
  }
  return turns;
}

it('usual messages are all dealt with at once', async () => {
  expect(await spread([2000, 3000, 1000])).toEqual([[2000, 3000, 1000]]);
});

it('large messages have a turn each, after all smaller ones', async () => {
  const turns = await spread([200_000, 100_000, 9000, 8000, 250_000, 1000]);
  expect(turns).toEqual([[200_000], [1000, 8000], [9000], [100_000], [250_000]]);
});

it('what would make too many bytes wait is dealt with at once', async () => {
  const turns = await spread([10_000, 9000, 8000, 7000], 17_000);
  expect(turns).toEqual([[10_000, 7000], [8000], [9000]]);
});

it('what waits no longer leaves its room to others', async () => {
  const turn = createTurns({ bytes: 16_384, heldBytes: 17_000 });
  for (const _ of Array(3)) {
    expect(turn(16_384)).toBeUndefined();
    const waits = turn(9000);
    expect(waits).toBeInstanceOf(Promise);
    await waits;
    await setImmediate();
  }
});
