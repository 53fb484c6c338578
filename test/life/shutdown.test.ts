import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { watchEventLoop } from '../../src/life/event-loop.ts';
import { watchProcess } from '../../src/life/process.ts';
import { type Shutdown, shutDown } from '../../src/life/shutdown.ts';

const quiet = { info: () => {}, fatal: () => {} };

function fakeProcess() {
  const exits: number[] = [];
  return Object.assign(new EventEmitter(), { exits, exit: (code: number) => exits.push(code) });
}

test('not serving is reported first, then all doors drain at once', async () => {
  const steps: string[] = [];
  const drain = (name: string) => async () => {
    steps.push(`${name} drains`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    steps.push(`${name} drained`);
    return 2;
  };
  const shutdown: Shutdown = {
    notServing: () => steps.push('not serving'),
    drains: [drain('a'), drain('b')],
    lameDuckMs: 1,
    drainMs: 100,
    hurry: new AbortController().signal,
  };
  expect(await shutDown(shutdown)).toBe(4);
  expect(steps).toEqual(['not serving', 'a drains', 'b drains', 'a drained', 'b drained']);
});

test('hurry ends the lame-duck wait, and reaches the doors', async () => {
  const hurry = new AbortController();
  const started = performance.now();
  const ended = shutDown({
    notServing: () => {},
    drains: [async (_, signal) => (signal.aborted ? 1 : 0)],
    lameDuckMs: 60_000,
    drainMs: 60_000,
    hurry: hurry.signal,
  });
  hurry.abort();
  expect(await ended).toBe(1);
  expect(performance.now() - started).toBeLessThan(1000);
});

test('the first signal ends the proxy, the second hurries it', async () => {
  const process = fakeProcess();
  const watch = watchProcess(process, quiet);
  process.emit('SIGTERM');
  expect(await watch.ending).toBe('SIGTERM');
  expect(watch.hurry.aborted).toBe(false);
  process.emit('SIGINT');
  expect(watch.hurry.aborted).toBe(true);
  expect(process.exits).toEqual([]);
});

test.each(['uncaughtException', 'unhandledRejection'])(
  '%s writes the last words and exits with 70, even if that fails',
  (event) => {
    const said: string[] = [];
    for (const fails of [false, true]) {
      const process = fakeProcess();
      const watch = watchProcess(process, quiet);
      const lastWords = (cause: string): void => {
        said.push(cause);
        if (fails) throw new Error('no disk');
      };
      watch.handle({ reload: () => {}, lastWords });
      const emit = () => process.emit(event, new Error('boom'));
      if (fails) expect(emit).toThrow('no disk');
      else emit();
      expect(process.exits).toEqual([70]);
    }
    expect(said).toEqual(['boom', 'boom']);
  },
);

test('SIGHUP reloads until the release, after which no signal ends the process or does anything', () => {
  const process = fakeProcess();
  let reloads = 0;
  const watch = watchProcess(process, quiet);
  watch.handle({ reload: () => (reloads += 1), lastWords: () => {} });
  process.emit('SIGHUP');
  expect(reloads).toBe(1);
  watch.release();
  process.emit('SIGHUP');
  expect(reloads).toBe(1);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'])
    expect(process.listenerCount(signal), signal).toBe(1);
});

test('an event loop late five times in a row is unhealthy, and healthy again once punctual', async () => {
  let delayMs = 300;
  let samples = 0;
  const histogram = {
    enable: () => true,
    disable: () => true,
    percentile: () => delayMs * 1e6,
    reset() {
      samples += 1;
    },
  };
  const watch = watchEventLoop({ lateMs: 200, sampleMs: 2, forSamples: 5 }, histogram);
  await expect.poll(() => watch.healthy(), { interval: 1 }).toBe(false);
  expect(samples).toBeGreaterThanOrEqual(5);
  delayMs = 100;
  await expect.poll(() => watch.healthy(), { interval: 1 }).toBe(true);
  watch.close();
});

test('the delay is measured on the real loop', async () => {
  const watch = watchEventLoop({ lateMs: 100, sampleMs: 250, forSamples: 1 });
  const late = () => {
    const until = performance.now() + 150;
    while (performance.now() < until);
    return watch.healthy();
  };
  await expect.poll(late, { interval: 5 }).toBe(false);
  watch.close();
});
