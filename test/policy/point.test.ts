import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { permit } from '../../src/policy/permit.ts';
import type { DecisionPoint } from '../../src/policy/point.ts';
import type { ShadowEvent } from '../../src/policy/shadow/shadow.ts';
import { openPoint, type PointChanges } from './open-point.ts';
import { withManifest } from './tar.ts';
import {
  aCall,
  aDecision,
  archive,
  EXAMPLE,
  HAZARDS,
  keyFacts,
  resolved,
  UNKNOWN,
} from './values.ts';

let points: DecisionPoint[] = [];
afterEach(async () => {
  await Promise.all(points.map((point) => point.close()));
  points = [];
});

async function open(more: PointChanges = {}) {
  const point = await openPoint(more);
  points.push(point);
  return point;
}

const elsewhere = {
  keys: { source: keyFacts('alias/x'), destination: keyFacts('alias/demo-destination') },
};
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
const fileOf = (bytes: Buffer) => {
  const file = join(mkdtempSync(join(tmpdir(), 'policy-')), 'bundle.tar.gz');
  writeFileSync(file, bytes);
  return file;
};

describe('the decision point', () => {
  it('allows and denies by the example policy', async () => {
    const point = await open();
    expect(await point.decide(resolved(), 'request')).toMatchObject({
      effect: 'allow',
      rule: 'demo',
      revision: 'example-2',
      enforced: true,
      allowUnknownSource: true,
    });
    expect(await point.decide(resolved({}, elsewhere), 'request')).toMatchObject({
      effect: 'deny',
      failure: '',
      rule: 'demo',
      reasons: [{ code: 'key', side: 'source', message: 'rule demo is not for this source key' }],
    });
  });

  it('measures each evaluation in nanoseconds', async () => {
    const point = await open();
    const started = performance.now();
    const { evaluationNs } = point.decide(resolved(), 'request');
    // Even the fastest takes microseconds.
    expect(evaluationNs).toBeGreaterThan(1_000);
    expect(evaluationNs).toBeLessThanOrEqual((performance.now() - started) * 1e6 + 1);
  });

  it('uses the same bundle for the result phase as for the request phase', async () => {
    const source = fileOf(archive(EXAMPLE));
    const point = await open({ source });
    const first = await point.decide(resolved(), 'request');
    writeFileSync(source, withManifest(archive(EXAMPLE), { revision: 'next' }));
    await point.reload();
    expect(await point.decide(resolved(), 'request')).toMatchObject({ revision: 'next' });
    const after = await point.decide(resolved({}, { decision: first }), 'result');
    expect(after).toMatchObject({ revision: 'example-2', phase: 'result', bundle: first.bundle });
  });

  const ended = withManifest(archive(EXAMPLE), {
    revision: 'ended',
    metadata: { not_after: '2026-01-01T00:00:00Z' },
  });

  it('uses no bundle past its not_after, and says so in its status', async () => {
    const point = await open({ source: fileOf(ended) });
    expect(await point.decide(resolved(), 'request')).toMatchObject({
      effect: 'deny',
      failure: 'POLICY_STALE',
    });
    expect(point.status()).toMatchObject({
      stale: true,
      error: "the bundle's not_after has passed",
    });
  });

  it('finishes a call with its bundle even past its not_after', async () => {
    let now = Date.parse('2025-12-31T23:59:59Z');
    const point = await open({ source: fileOf(ended), now: () => now });
    const decision = await point.decide(resolved(), 'request');
    now += 2_000;
    const [begun, fresh] = [resolved({}, { decision }), resolved()];
    expect(await point.decide(begun, 'result')).toMatchObject({ effect: 'allow' });
    expect(await point.decide(fresh, 'request')).toMatchObject({ failure: 'POLICY_STALE' });
  });

  it('never replaces a serving bundle by one past its not_after', async () => {
    const source = fileOf(archive(EXAMPLE));
    const point = await open({ source });
    writeFileSync(source, ended);
    await expect(point.reload()).rejects.toThrow("the bundle's not_after has passed");
    expect(await point.decide(resolved(), 'request')).toMatchObject({
      effect: 'allow',
      revision: 'example-2',
    });
  });

  it('makes every decision by one revision through six reloads under load', async () => {
    const source = fileOf(archive(EXAMPLE));
    const point = await open({ source });
    const other = fileOf(withManifest(archive(EXAMPLE), { revision: 'next' }));
    const revisions = new Map<string, number>();
    for (let i = 0; i < 6; i += 1) {
      copyFileSync(i % 2 ? EXAMPLE : other, source);
      const [decision] = await Promise.all([point.decide(resolved(), 'request'), point.reload()]);
      expect(decision.effect).toBe('allow');
      revisions.set(decision.revision, (revisions.get(decision.revision) ?? 0) + 1);
    }
    expect([...revisions.keys()].sort()).toEqual(['example-2', 'next']);
  });
});

describe('a capture file', () => {
  it('has full inputs with their decisions, readable only by its owner', async () => {
    const captureFile = join(mkdtempSync(join(tmpdir(), 'policy-')), 'capture.jsonl');
    const point = await openPoint({ captureFile });
    await point.decide(resolved(), 'request');
    await point.close();
    const line = JSON.parse(readFileSync(captureFile, 'utf8'));
    expect(line.input.source.encryption_context).toEqual({ tenant: 'a' });
    expect(line.result).toEqual({ allow: true, rule: 'demo' });
    expect(statSync(captureFile).mode & 0o777).toBe(0o600);
  });

  it('says what each decision came to, also without a source key', async () => {
    const captureFile = join(mkdtempSync(join(tmpdir(), 'policy-')), 'capture.jsonl');
    const point = await openPoint({ source: HAZARDS, captureFile });
    const keys = { source: UNKNOWN, destination: keyFacts('alias/demo-destination') };
    for (const action of ['kms:ReEncrypt', 'kms:CheckReEncrypt'] as const) {
      point.decide(resolved({ action }, { keys }), 'request');
    }
    await point.close();
    const lines = readFileSync(captureFile, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).result.allow)).toEqual([false, true]);
  });

  it('that others may read is refused at start', async () => {
    const captureFile = fileOf(Buffer.from(''));
    chmodSync(captureFile, 0o644);
    await expect(open({ captureFile })).rejects.toThrow(/must be of mode 0600/);
  });
});

describe('observe mode', () => {
  it('marks as denied what is allowed only with a source key', async () => {
    const point = await open({ source: HAZARDS, enforce: false });
    const keys = { source: UNKNOWN, destination: keyFacts('alias/demo-destination') };
    const asked = resolved({}, { keys });
    const decision = point.decide(asked, 'request');
    expect(decision).toMatchObject({ effect: 'deny', enforced: false, sourceRequired: true });
    expect(permit({ ...asked, decision })).toMatchObject({ decision });
    const check = resolved({ action: 'kms:CheckReEncrypt' }, { keys });
    expect(point.decide(check, 'request')).toMatchObject({ effect: 'allow' });
  });

  it('marks its decisions, and mints a permit from a denial', async () => {
    const point = await open({ enforce: false });
    const asked = resolved({}, elsewhere);
    const decision = await point.decide(asked, 'request');
    expect(decision).toMatchObject({ effect: 'deny', enforced: false });
    expect(permit({ ...asked, decision })).toMatchObject({ keys: asked.keys, decision });
  });
});

describe('a permit', () => {
  const mint = (decision: object, source = keyFacts('alias/a')) => {
    const keys = { source, destination: keyFacts('alias/b') };
    return () => permit({ call: resolved().call, keys, decision: aDecision(decision) });
  };
  const denied = { effect: 'deny' };
  // biome-ignore format: a table reads best with a case a line.
  const TABLE: readonly [string, object, string, boolean][] = [
    ['a denial', denied, 'POLICY_DENIED', true],
    ['an undefined decision', { ...denied, failure: 'POLICY_UNDEFINED' }, 'POLICY_UNDEFINED', true],
    ['a malformed decision', { ...denied, failure: 'POLICY_INVALID' }, 'POLICY_INVALID', true],
    ['a time-out', { ...denied, failure: 'POLICY_TIMEOUT' }, 'POLICY_TIMEOUT', true],
    ['a failure', { ...denied, failure: 'POLICY_FAILED' }, 'POLICY_FAILED', true],
    ['no policy', { ...denied, failure: 'POLICY_NOT_LOADED' }, 'POLICY_NOT_LOADED', false],
    ['a stale policy', { ...denied, failure: 'POLICY_STALE' }, 'POLICY_STALE', false],
    ['an allow that failed', { failure: 'POLICY_FAILED' }, 'POLICY_FAILED', true],
  ];
  it.each(TABLE)(
    'is not minted from %s; observe mode may override that',
    (_name, decision, reason, may) => {
      expect(mint(decision)).toThrow(expect.objectContaining({ reason }));
      const observed = mint({ ...decision, enforced: false });
      if (may) expect(observed).not.toThrow();
      else expect(observed).toThrow(expect.objectContaining({ reason }));
    },
  );

  it('for an unknown source key needs a policy that allows it', () => {
    const required = { effect: 'deny', sourceRequired: true };
    expect(mint(required)).toThrow(expect.objectContaining({ reason: 'SOURCE_KEY_REQUIRED' }));
    expect(mint({}, UNKNOWN)).toThrow(expect.objectContaining({ reason: 'SOURCE_KEY_REQUIRED' }));
    expect(mint({ allowUnknownSource: true }, UNKNOWN)()).toBeDefined();
  });
});

describe('a candidate', () => {
  it('sees the same calls, reports what it would change, and changes nothing', async () => {
    const events: ShadowEvent[] = [];
    const point = await open({ candidate: HAZARDS, onShadow: (event) => events.push(event) });
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
    const point = await open({ candidate: HAZARDS, onShadow: (event) => events.push(event) });
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
    const candidate = fileOf(archive(EXAMPLE));
    const events: ShadowEvent[] = [];
    const point = await open({ candidate, onShadow: (event) => events.push(event) });
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
    const point = await open({ candidate: HAZARDS, onShadow: (event) => events.push(event) });
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
    const candidate = fileOf(archive(EXAMPLE));
    const threads = watchThreads();
    const events: ShadowEvent[] = [];
    const point = await open({ candidate, onShadow: (event) => events.push(event) });
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
    const candidate = fileOf(archive(EXAMPLE));
    const threads = watchThreads();
    const events: ShadowEvent[] = [];
    const point = await open({ candidate, onShadow: (event) => events.push(event) });
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
    const point = await open({
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
    const point = await open({
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
