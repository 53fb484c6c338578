import { once } from 'node:events';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createStrangers } from '../../../src/server/listener/strangers.ts';

test('only a stranger that is still there makes room, the oldest first, and never the last few', async () => {
  const strangers = createStrangers();
  const [gone, oldest, second, newcomer] = [new Socket(), new Socket(), new Socket(), new Socket()];
  for (const socket of [gone, oldest, second, newcomer]) strangers.arrived(socket);
  await once(gone.destroy(), 'close');
  expect(strangers.cutOneBeyond(3)).toBe(false);
  expect(strangers.cutOneBeyond(2)).toBe(true);
  expect([oldest.destroyed, second.destroyed]).toEqual([true, false]);
  expect(strangers.cutOneBeyond(1)).toBe(true);
  expect(second.destroyed).toBe(true);
  expect(strangers.cutOneBeyond(1)).toBe(false);
  expect(newcomer.destroyed).toBe(false);
});

test('whoever has spoken is no stranger', () => {
  const strangers = createStrangers();
  const [speaker, silent] = [new Socket(), new Socket()];
  for (const socket of [speaker, silent]) strangers.arrived(socket);
  strangers.accepted(Object.defineProperty(speaker, 'bytesRead', { value: 33 }));
  expect(strangers.cutOneBeyond(1)).toBe(false);
  expect(strangers.cutOneBeyond(0)).toBe(true);
  expect([speaker.destroyed, silent.destroyed]).toEqual([false, true]);
});
