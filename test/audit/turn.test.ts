import { expect, test } from 'vitest';
import {
  claimTurn,
  createTurn,
  endTurn,
  giveUp,
  isOpen,
  nextTurn,
  waitFor,
} from '../../src/audit/turn.ts';

const aTurn = () => new Int32Array(createTurn());

test('what the caller gives up is never committed, in any later turn', () => {
  const shared = aTurn();
  for (const turn of [0, 1, 2]) {
    const held = { id: turn + 1, turn };
    expect(isOpen(shared, held)).toBe(true);
    expect(giveUp(shared, turn)).toBe(0);
    expect([isOpen(shared, held), claimTurn(shared, held)]).toEqual([false, false]);
  }
});

test('what the log commits is never given up: the caller is told to try again, then up to where', () => {
  const shared = aTurn();
  expect(giveUp(shared, 0)).toBe(0);
  expect(claimTurn(shared, { id: 7, turn: 1 })).toBe(true);
  expect(isOpen(shared, { id: 8, turn: 1 })).toBe(false);
  expect(giveUp(shared, 1)).toBeUndefined();
  endTurn(shared, { turn: 1 });
  expect(isOpen(shared, { id: 8, turn: 1 })).toBe(true);
  expect(giveUp(shared, 1)).toBe(7);
  expect(isOpen(shared, { id: 9, turn: 2 })).toBe(true);
});

test('a turn that a dead thread was committing ends with the next', () => {
  const shared = aTurn();
  expect(claimTurn(shared, { id: 1, turn: 0 })).toBe(true);
  nextTurn(shared, 1);
  expect(claimTurn(shared, { id: 2, turn: 0 })).toBe(false);
  expect(isOpen(shared, { id: 3, turn: 1 })).toBe(true);
  expect(claimTurn(shared, { id: 3, turn: 1 })).toBe(true);
});

test('who blocks for a batch goes on once that is committed, or in time without it', () => {
  const shared = aTurn();
  expect(waitFor(shared, 1, 5)).toBe(false);
  expect(claimTurn(shared, { id: 2, turn: 0 })).toBe(true);
  expect([waitFor(shared, 1, 0), waitFor(shared, 2, 0), waitFor(shared, 3, 5)]).toEqual([
    true,
    true,
    false,
  ]);
});
