import { expect, test } from 'vitest';
import {
  claimRound,
  createRounds,
  giveUp,
  isOpen,
  releaseRound,
  startRound,
  waitFor,
} from '../../../src/audit/batches/rounds.ts';

const newRounds = () => new Int32Array(createRounds());

test('what the caller gives up is never committed, in any later round', () => {
  const shared = newRounds();
  for (const round of [0, 1, 2]) {
    const held = { id: round + 1, round };
    expect(isOpen(shared, held)).toBe(true);
    expect(giveUp(shared, round)).toBe(0);
    expect([isOpen(shared, held), claimRound(shared, held)]).toEqual([false, false]);
  }
});

test('what the log commits is never given up: the caller is told to try again, then up to where', () => {
  const shared = newRounds();
  expect(giveUp(shared, 0)).toBe(0);
  expect(claimRound(shared, { id: 7, round: 1 })).toBe(true);
  expect(isOpen(shared, { id: 8, round: 1 })).toBe(false);
  expect(giveUp(shared, 1)).toBeUndefined();
  releaseRound(shared, { round: 1 });
  expect(isOpen(shared, { id: 8, round: 1 })).toBe(true);
  expect(giveUp(shared, 1)).toBe(7);
  expect(isOpen(shared, { id: 9, round: 2 })).toBe(true);
});

test('a round that a dead thread was committing ends with the next', () => {
  const shared = newRounds();
  expect(claimRound(shared, { id: 1, round: 0 })).toBe(true);
  startRound(shared, 1);
  expect(claimRound(shared, { id: 2, round: 0 })).toBe(false);
  expect(isOpen(shared, { id: 3, round: 1 })).toBe(true);
  expect(claimRound(shared, { id: 3, round: 1 })).toBe(true);
});

test('who blocks for a batch goes on once that is committed, or in time without it', () => {
  const shared = newRounds();
  expect(waitFor(shared, 1, 5)).toBe(false);
  expect(claimRound(shared, { id: 2, round: 0 })).toBe(true);
  expect([waitFor(shared, 1, 0), waitFor(shared, 2, 0), waitFor(shared, 3, 5)]).toEqual([
    true,
    true,
    false,
  ]);
});
