import { once } from 'node:events';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createStrangers } from '../../../src/server/listener/strangers.ts';

test('only a stranger that is still there makes room, the oldest first, and never for itself', async () => {
  const strangers = createStrangers();
  const [gone, oldest, second, newcomer] = [new Socket(), new Socket(), new Socket(), new Socket()];
  for (const socket of [gone, oldest, second, newcomer]) strangers.arrived(socket);
  await once(gone.destroy(), 'close');
  expect(strangers.cutOneBefore(newcomer)).toBe(true);
  expect([oldest.destroyed, second.destroyed]).toEqual([true, false]);
  expect(strangers.cutOneBefore(newcomer)).toBe(true);
  expect(second.destroyed).toBe(true);
  expect(strangers.cutOneBefore(newcomer)).toBe(false);
  expect(newcomer.destroyed).toBe(false);
});
