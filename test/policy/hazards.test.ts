import process from 'node:process';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DecisionPoint } from '../../src/policy/point.ts';
import { openPoint } from './open-point.ts';
import { HAZARDS, resolved } from './values.ts';

const TIMEOUT_MS = 50;
/** A slow machine may take this many times the usual 20 to 50 ms of CPU. */
const STRETCH = 10;
let point: DecisionPoint;

beforeAll(async () => {
  point = await openPoint({
    source: HAZARDS,
    limits: { timeoutMs: TIMEOUT_MS, memoryBytes: 1 << 24 },
  });
});

const decide = (job: string) => point.decide(resolved({ job }), 'request');

// biome-ignore format: a table reads best with a case a line.
const HAZARD_TABLE = [
  ['loop', 'POLICY_TIMEOUT', 'fuel'],
  ['regex', 'POLICY_TIMEOUT', 'fuel'],
  ['replace', 'POLICY_TIMEOUT', 'fuel'],
  ['zones', 'POLICY_TIMEOUT', 'fuel'],
  ['layout', 'POLICY_TIMEOUT', 'fuel'],
  ['fork', 'POLICY_FAILED', 'memory'],
  ['walk', 'POLICY_FAILED', 'memory'],
  ['deep', 'POLICY_FAILED', 'stack'],
  ['deep walk', 'POLICY_FAILED', 'memory'],
  ['deep builtin', 'POLICY_FAILED', 'stack'],
  ['memory', 'POLICY_FAILED', 'memory'],
  ['conflict', 'POLICY_FAILED', 'conflict'],
  ['unheard-of', 'POLICY_UNDEFINED', 'undefined'],
  ['huge', 'POLICY_INVALID', 'too_large'],
  ['boolean', 'POLICY_INVALID', 'shape'],
  ['text', 'POLICY_INVALID', 'shape'],
  ['proto', 'POLICY_INVALID', 'shape'],
] as const;

/** Node 22 does not tell threads apart. */
const cpuUsage = process.threadCpuUsage ?? process.cpuUsage;

describe('a policy that goes wrong', () => {
  it.each(HAZARD_TABLE)(
    'by %s denies with %s (%s), and the next decision is right',
    async (job, failure, code) => {
      // CPU time, because the clock goes on while other tests have the core.
      const before = cpuUsage();
      const decision = await decide(job);
      const { user, system } = cpuUsage(before);
      expect((user + system) / 1000).toBeLessThan(2 * TIMEOUT_MS * STRETCH);
      expect(decision).toMatchObject({ effect: 'deny', failure, allowUnknownSource: false });
      expect(decision.reasons[0]?.code).toBe(code);
      expect(await decide('')).toMatchObject({ effect: 'allow', failure: '' });
    },
  );

  it('still decides rightly after more throws than an opa-wasm instance survives', async () => {
    for (let i = 0; i < 520; i += 1) await decide('conflict');
    expect(await decide('')).toMatchObject({ effect: 'allow', rule: 'fine' });
  });

  it.each([
    ['loop', 'the policy does too much work for policy.timeout_ms'],
    ['memory', 'the policy takes more memory than policy.memory_mib'],
    ['conflict', 'hazards.rego:115:1: var assignment conflict'],
  ])('by %s says which setting is too low for it, if one is', async (job, message) => {
    expect((await decide(job)).reasons[0]?.message).toBe(message);
  });

  it('is out of fuel on every run', async () => {
    const outcomes = new Set<string>();
    for (let i = 0; i < 5; i += 1) outcomes.add((await decide('loop')).failure);
    expect([...outcomes]).toEqual(['POLICY_TIMEOUT']);
  });
});
