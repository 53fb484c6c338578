import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ShadowEvent } from '../../../src/policy/shadow/shadow.ts';
import { openHere } from '../open-point.ts';
import { withManifest } from '../tar.ts';
import {
  aCall,
  archive,
  bundleFile,
  EXAMPLE,
  elsewhere,
  HAZARDS,
  keyFacts,
  resolved,
  UNKNOWN,
} from '../values.ts';

/** The threads that start from now on, and the codes that they all end with. */
function watchThreads() {
  const started: Worker[] = [];
  const ended: Promise<number>[] = [];
  const watch = (thread: Worker) => {
    started.push(thread);
    ended.push(new Promise((resolve) => thread.once('exit', resolve)));
  };
  process.on('worker', watch);
  onTestFinished(() => void process.off('worker', watch));
  return { started, exits: () => Promise.all(ended) };
}

describe('a candidate', () => {
  it('sees the same calls, reports what it would change, and changes nothing', async () => {
    const events: ShadowEvent[] = [];
    const point = await openHere({ candidate: HAZARDS, onShadow: (event) => events.push(event) });
    const served = await point.decide(resolved({}, elsewhere), 'request');
    expect(served).toMatchObject({ effect: 'deny', rule: 'demo' });
    await expect.poll(() => events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      comparison: 'deny_to_allow',
      candidate: { effect: 'allow', rule: 'fine' },
      served: { effect: 'deny', revision: 'example-2' },
    });
    expect(point.status().candidate).toMatchObject({ source: HAZARDS, stale: false });
  });

  it('that allows only with a source key is reported to deny a call without one', async () => {
    const events: ShadowEvent[] = [];
    const point = await openHere({ candidate: HAZARDS, onShadow: (event) => events.push(event) });
    const keys = { source: UNKNOWN, destination: keyFacts('alias/demo-destination') };
    point.decide(resolved({}, { keys }), 'request');
    await expect.poll(() => events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      comparison: 'allow_to_deny',
      candidate: { effect: 'deny', reasons: [{ code: 'SOURCE_KEY_REQUIRED', side: 'source' }] },
      served: { effect: 'allow' },
    });
  });

  it('is reloaded with the serving policy, and judges by its new bundle', async () => {
    const candidate = bundleFile(archive(EXAMPLE));
    const events: ShadowEvent[] = [];
    const point = await openHere({ candidate, onShadow: (event) => events.push(event) });
    writeFileSync(candidate, withManifest(archive(EXAMPLE), { revision: 'next' }));
    await point.reload();
    expect(point.status().candidate).toMatchObject({ revision: 'next' });
    expect(point.decide(resolved(), 'request')).toMatchObject({ revision: 'example-2' });
    await expect.poll(() => events).toMatchObject([{ revision: 'next', comparison: 'same' }]);
  });

  it.each([
    ['while its thread loads', 0],
    ['while it still has calls', 20],
  ])('is not killed %s: its thread ends by itself', async (_when, calls) => {
    const threads = watchThreads();
    const events: ShadowEvent[] = [];
    const point = await openHere({ candidate: HAZARDS, onShadow: (event) => events.push(event) });
    if (calls > 0) {
      await point.decide(resolved(), 'request');
      await expect.poll(() => events).toHaveLength(1);
    }
    for (let i = 0; i < calls; i += 1) await point.decide(resolved({ job: 'loop' }), 'request');
    await sleep(50);
    await point.close();
    // The one that proved it, and the one that judged by it.
    expect(await threads.exits()).toEqual([0, 0]);
    expect(events.length).toBeLessThan(calls || 1);
  });

  it('that is proved only once the point is closed starts no thread any more', async () => {
    const candidate = bundleFile(archive(EXAMPLE));
    const threads = watchThreads();
    const events: ShadowEvent[] = [];
    const point = await openHere({ candidate, onShadow: (event) => events.push(event) });
    point.decide(resolved(), 'request');
    await expect.poll(() => events).toHaveLength(1);
    writeFileSync(candidate, withManifest(archive(EXAMPLE), { revision: 'next' }));
    const reloading = point.reload();
    await point.close();
    await reloading;
    // Of a thread that starts, one is told a turn later.
    await sleep(1);
    expect(threads.started).toHaveLength(3);
    expect(await threads.exits()).toEqual([0, 0, 0]);
  });

  it('whose thread ends has one again, and only one', async () => {
    const candidate = bundleFile(archive(EXAMPLE));
    const threads = watchThreads();
    const events: ShadowEvent[] = [];
    const point = await openHere({ candidate, onShadow: (event) => events.push(event) });
    const judges = () => {
      events.length = 0;
      return expect.poll(() => {
        point.decide(resolved(), 'request');
        return events.length;
      });
    };
    await judges().toBeGreaterThan(0);
    await threads.started.at(-1)?.terminate();
    writeFileSync(candidate, withManifest(archive(EXAMPLE), { revision: 'next' }));
    await point.reload();
    await judges().toBeGreaterThan(0);
    // By now it would have been started again without a new bundle.
    await sleep(1_100);
    expect(threads.started).toHaveLength(4);
    await threads.started.at(-1)?.terminate();
    await judges().toBeGreaterThan(0);
    expect(threads.started).toHaveLength(5);
  });

  it('that is slow delays no call, and what it cannot handle is dropped and counted', async () => {
    let dropped = 0;
    const point = await openHere({
      candidate: HAZARDS,
      onShadowDropped: () => {
        dropped += 1;
      },
    });
    const times: number[] = [];
    for (let i = 0; i < 1_100; i += 1) {
      const started = performance.now();
      await point.decide(resolved({ job: 'loop' }), 'request');
      times.push(performance.now() - started);
    }
    expect(times.sort((a, b) => a - b)[1_000]).toBeLessThan(20);
    expect(dropped).toBeGreaterThan(0);
  });

  it('that is slow makes no more than 8 MiB of inputs wait', async () => {
    let dropped = 0;
    const point = await openHere({
      candidate: HAZARDS,
      onShadowDropped: () => {
        dropped += 1;
      },
    });
    const large = { tenant: 'a', note: 'x'.repeat(1 << 19) };
    const source = { ...aCall().source, encryptionContext: large };
    for (let i = 0; i < 40; i += 1) point.decide(resolved({ job: 'loop', source }), 'request');
    expect(dropped).toBeGreaterThanOrEqual(40 - 16);
  });
});
