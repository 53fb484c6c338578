/**
 * Loaded by `--import` into a proxy and so into its threads: SIGUSR2 sets off the bomb that BOMB
 * names.
 */
import { EventEmitter } from 'node:events';
import process from 'node:process';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

const channel = new BroadcastChannel('bomb');
channel.unref();

function boom(): never {
  throw new Error('boom');
}

function eatMemory(): void {
  const eaten: unknown[] = [];
  for (;;) eaten.push(Array.from({ length: 10_000 }, () => ({})));
}

const BOMBS: Readonly<Record<string, () => void>> = {
  thrown: boom,
  rejected: () => void Promise.reject(new Error('boom')),
  emitted: () => void new EventEmitter().emit('error', new Error('boom')),
  memory: eatMemory,
  thread: () => channel.postMessage('eat'),
};

if (isMainThread) {
  process.on('SIGUSR2', () => void setImmediate(BOMBS[process.env['BOMB'] ?? ''] ?? boom));
} else {
  channel.onmessage = eatMemory;
}
