import { copyFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { permit } from '../../src/policy/permit.ts';
import { openHere } from './open-point.ts';
import { withManifest } from './tar.ts';
import {
  archive,
  bundleFile,
  EXAMPLE,
  elsewhere,
  HAZARDS,
  keyFacts,
  resolved,
  UNKNOWN,
} from './values.ts';

describe('the decision point', () => {
  it('allows and denies by the example policy', async () => {
    const point = await openHere();
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
    const point = await openHere();
    const started = performance.now();
    const { evaluationNs } = point.decide(resolved(), 'request');
    // Even the fastest takes microseconds.
    expect(evaluationNs).toBeGreaterThan(1_000);
    expect(evaluationNs).toBeLessThanOrEqual((performance.now() - started) * 1e6 + 1);
  });

  it('uses the same bundle for the result phase as for the request phase', async () => {
    const source = bundleFile(archive(EXAMPLE));
    const point = await openHere({ source });
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
    const point = await openHere({ source: bundleFile(ended) });
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
    const point = await openHere({ source: bundleFile(ended), now: () => now });
    const decision = await point.decide(resolved(), 'request');
    now += 2_000;
    const [begun, fresh] = [resolved({}, { decision }), resolved()];
    expect(await point.decide(begun, 'result')).toMatchObject({ effect: 'allow' });
    expect(await point.decide(fresh, 'request')).toMatchObject({ failure: 'POLICY_STALE' });
  });

  it('never replaces a serving bundle by one past its not_after', async () => {
    const source = bundleFile(archive(EXAMPLE));
    const point = await openHere({ source });
    writeFileSync(source, ended);
    await expect(point.reload()).rejects.toThrow("the bundle's not_after has passed");
    expect(await point.decide(resolved(), 'request')).toMatchObject({
      effect: 'allow',
      revision: 'example-2',
    });
  });

  it('makes every decision by one revision through six reloads under load', async () => {
    const source = bundleFile(archive(EXAMPLE));
    const point = await openHere({ source });
    const other = bundleFile(withManifest(archive(EXAMPLE), { revision: 'next' }));
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

describe('observe mode', () => {
  it('marks as denied what is allowed only with a source key', async () => {
    const point = await openHere({ source: HAZARDS, enforce: false });
    const keys = { source: UNKNOWN, destination: keyFacts('alias/demo-destination') };
    const asked = resolved({}, { keys });
    const decision = point.decide(asked, 'request');
    expect(decision).toMatchObject({ effect: 'deny', enforced: false, sourceRequired: true });
    expect(permit({ ...asked, decision })).toMatchObject({ decision });
    const check = resolved({ action: 'kms:CheckReEncrypt' }, { keys });
    expect(point.decide(check, 'request')).toMatchObject({ effect: 'allow' });
  });

  it('marks its decisions, and mints a permit from a denial', async () => {
    const point = await openHere({ enforce: false });
    const asked = resolved({}, elsewhere);
    const decision = await point.decide(asked, 'request');
    expect(decision).toMatchObject({ effect: 'deny', enforced: false });
    expect(permit({ ...asked, decision })).toMatchObject({ keys: asked.keys, decision });
  });
});
