import { describe, expect, it } from 'vitest';
import { permit } from '../../src/policy/permit.ts';
import { aDecision, keyFacts, resolved, UNKNOWN } from './values.ts';

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
