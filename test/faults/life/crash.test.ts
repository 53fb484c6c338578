import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { connect, reEncrypt } from '../../helpers/grpc-client.ts';
import { type RunningProxy, startProxy } from '../../interop/helpers/proxy.ts';
import { runTool } from '../../interop/helpers/tools.ts';
import { createWorld } from '../../simulation/world.ts';
import { reportTrials, SEED, trials } from '../trials.ts';
import { requestFor } from './request.ts';

const BOMB = join(import.meta.dirname, 'bomb.ts');

/** A proxy with a bomb in it, and a client that calls it all the time. */
async function startLoaded(bomb: string) {
  // Little memory, so that exhausting it does not take long.
  const proxy = await startProxy({
    env: { NODE_OPTIONS: `--import=${BOMB} --max-old-space-size=96`, BOMB: bomb },
  });
  const client = connect(proxy.grpc);
  const request = await requestFor(proxy);
  await reEncrypt(client, request);
  const released: string[] = [];
  const refused: ServiceError[] = [];
  const calls = new Set<Promise<unknown>>();
  const timer = setInterval(() => {
    const call = reEncrypt(client, request, 2000)
      .then(
        ({ decisionId }) => released.push(decisionId),
        (error: ServiceError) => refused.push(error),
      )
      .finally(() => calls.delete(call));
    calls.add(call);
  }, 5);
  return {
    proxy,
    released,
    refused,
    async endLoad() {
      clearInterval(timer);
      await Promise.all(calls);
      client.close();
    },
  };
}

const set = (proxy: RunningProxy): void => void process.kill(proxy.child.pid, 'SIGUSR2');

/** Every answered call has its outcome in the log, which is intact. */
function expectRecorded(proxy: RunningProxy, released: readonly string[]): void {
  const file = join(proxy.folder, 'audit.jsonl');
  expect(runTool('node', ['src/main.ts', 'audit', 'verify', file])).toContain('intact');
  const outcomes = proxy.auditEntries().filter(({ kind }) => kind === 'outcome');
  const recorded = new Set(outcomes.map((one) => one['decision_id']));
  expect(released.filter((id) => !recorded.has(id))).toEqual([]);
}

test('F18: an uncaught error ends the proxy with exit 70 within 1 s, its cause durable in the log', async () => {
  const count = trials(30);
  const world = createWorld(SEED);
  let [slowest, answered] = [0, 0];
  for (let trial = 0; trial < count; trial += 1) {
    const bomb = ['thrown', 'rejected', 'emitted'][trial % 3] ?? '';
    const { proxy, released, endLoad } = await startLoaded(bomb);
    await sleep(world.between(20, 200));
    const started = performance.now();
    set(proxy);
    expect(await proxy.child.ended()).toBe(70);
    slowest = Math.max(slowest, performance.now() - started);
    await endLoad();
    expect(proxy.auditEntries().at(-1)).toMatchObject({ kind: 'crash', crash: { cause: 'boom' } });
    expectRecorded(proxy, released);
    answered += released.length;
    await proxy.stop();
  }
  expect(slowest).toBeLessThan(1000);
  reportTrials({
    fault: `F18 uncaught (${answered} calls answered), gone after ${Math.round(slowest)} ms`,
    trials: count,
    injections: count,
  });
});

test('F18: after the log’s thread runs out of memory, calls are refused until another one writes', async () => {
  const count = trials(10);
  let [slowest, refusals] = [0, 0];
  for (let trial = 0; trial < count; trial += 1) {
    const { proxy, released, refused, endLoad } = await startLoaded('thread');
    await sleep(50);
    set(proxy);
    await expect.poll(() => refused.length, { timeout: 10_000, interval: 2 }).toBeGreaterThan(0);
    const [started, before] = [performance.now(), released.length];
    await expect
      .poll(() => released.length, { timeout: 10_000, interval: 2 })
      .toBeGreaterThan(before);
    slowest = Math.max(slowest, performance.now() - started);
    await endLoad();
    expect(new Set(refused.map(({ code }) => status[code]))).toEqual(new Set(['UNAVAILABLE']));
    refusals += refused.length;
    expect(await proxy.child.stop()).toBe(0);
    expectRecorded(proxy, released);
    await proxy.stop();
  }
  expect(slowest).toBeLessThan(1000);
  reportTrials({
    fault: `F18 thread (${refusals} refused), well after ${Math.round(slowest)} ms`,
    trials: count,
    injections: count,
  });
});

test('F18: after a proxy runs out of memory, the next one takes up its log and ends its open calls', async () => {
  const count = trials(10);
  const world = createWorld(SEED);
  let answered = 0;
  for (let trial = 0; trial < count; trial += 1) {
    const { proxy, released, endLoad } = await startLoaded('memory');
    await sleep(world.between(50, 200));
    set(proxy);
    expect(await proxy.child.ended()).not.toBe(0);
    await endLoad();
    const file = join(proxy.folder, 'audit.jsonl');
    const next = await startProxy({ settings: [`audit.file=${file}`] });
    await next.stop();
    expectRecorded(proxy, released);
    const kinds = proxy.auditEntries().map(({ kind }) => kind);
    const [intents, outcomes] = ['intent', 'outcome'].map((wanted) =>
      kinds.filter((kind) => kind === wanted),
    );
    expect(outcomes?.length).toBe(intents?.length);
    expect(readFileSync(file, 'utf8').endsWith('\n')).toBe(true);
    answered += released.length;
    await proxy.stop();
  }
  reportTrials({ fault: `F18 memory (${answered} answered)`, trials: count, injections: count });
});
