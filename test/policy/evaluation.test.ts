import { describe, expect, it } from 'vitest';
import { toEvaluation } from '../../src/policy/evaluation.ts';

const good = { allow: true, rule: 'r', reasons: [] };
const set = (...results: unknown[]) => JSON.stringify(results.map((result) => ({ result })));

describe('an evaluation', () => {
  it('allows only on one result of exactly the documented shape', () => {
    const result = { ...good, allow_unknown_source: true, labels: { team: 'a' } };
    expect(toEvaluation(set(result))).toEqual({
      effect: 'allow',
      failure: '',
      reasons: [],
      rule: 'r',
      allowUnknownSource: true,
      sourceRequired: false,
      labels: { team: 'a' },
    });
  });

  it('denies with the reasons of the policy', () => {
    const reasons = [{ code: 'key', message: 'not this one', side: 'source' }];
    const evaluation = toEvaluation(
      set({ allow: false, rule: 'r', reasons, allow_unknown_source: true }),
    );
    expect(evaluation).toMatchObject({
      effect: 'deny',
      failure: '',
      reasons,
      allowUnknownSource: false,
      sourceRequired: false,
    });
  });

  it('needs no allow_unknown_source, which then is false, and no labels', () => {
    expect(toEvaluation(set(good))).toEqual({
      effect: 'allow',
      failure: '',
      reasons: [],
      rule: 'r',
      allowUnknownSource: false,
      sourceRequired: false,
      labels: {},
    });
  });

  it('may be as large as the limits say', () => {
    const reasons = ['source', 'destination', '', ...Array(61).fill('')].map((side) => ({
      code: 'c'.repeat(128),
      message: side && 'm'.repeat(1_024),
      side,
    }));
    const labels = Object.fromEntries(
      Array.from({ length: 16 }, (_, n) => [`${n}`.padStart(256, 'k'), 'v'.repeat(256)]),
    );
    const text = set({ ...good, rule: 'r'.repeat(256), reasons, labels }).padEnd(65_536);
    expect(toEvaluation(text)).toMatchObject({ effect: 'allow', reasons, labels });
  });

  it('is POLICY_UNDEFINED without a result', () => {
    expect(toEvaluation('[]')).toMatchObject({ effect: 'deny', failure: 'POLICY_UNDEFINED' });
  });

  // biome-ignore format: a table reads best with a case a line.
  const MALFORMED: readonly [string, string][] = [
    ['two results', set(good, good)],
    ['true', set(true)],
    ['"true"', set('true')],
    ['1', set(1)],
    ['null', set(null)],
    ['an array', set([good])],
    ['no allow', set({ rule: '', reasons: [] })],
    ['allow of text', set({ ...good, allow: 'true' })],
    ['allow of 1', set({ ...good, allow: 1 })],
    ['no rule', set({ allow: true, reasons: [] })],
    ['a long rule', set({ ...good, rule: 'x'.repeat(257) })],
    ['no reasons', set({ allow: true, rule: '' })],
    ['reasons of text', set({ ...good, reasons: 'x' })],
    ['a reason without a side', set({ ...good, reasons: [{ code: '', message: '' }] })],
    ['a reason of a third side', set({ ...good, reasons: [{ code: '', message: '', side: 'both' }] })],
    ['a reason with more', set({ ...good, reasons: [{ code: '', message: '', side: '', x: 1 }] })],
    ['a reason with a code of 129', set({ ...good, reasons: [{ code: 'x'.repeat(129), message: '', side: '' }] })],
    ['a reason with a message of 1,025', set({ ...good, reasons: [{ code: '', message: 'x'.repeat(1_025), side: '' }] })],
    ['a reason with other names', set({ ...good, reasons: [{ a: '', b: '', side: '' }] })],
    ['one bad reason of two', set({ ...good, reasons: [{ code: '', message: '', side: '' }, {}] })],
    ['65 reasons', set({ ...good, reasons: Array(65).fill({ code: '', message: '', side: '' }) })],
    ['an unheard-of field', set({ ...good, deny: [] })],
    ['__proto__', '[{"result":{"allow":false,"rule":"","reasons":[],"__proto__":{"allow":true}}}]'],
    ['__proto__ as a label', '[{"result":{"allow":true,"rule":"","reasons":[],"labels":{"__proto__":"x"}}}]'],
    ['allow only in __proto__', '[{"result":{"rule":"","reasons":[],"__proto__":{"allow":true}}}]'],
    ['allow_unknown_source of text', set({ ...good, allow_unknown_source: 'yes' })],
    ['labels of numbers', set({ ...good, labels: { a: 1 } })],
    ['one label of two that is no text', set({ ...good, labels: { a: '', b: 1 } })],
    ['a label with a name of 257', set({ ...good, labels: { ['x'.repeat(257)]: '' } })],
    ['a label of 257', set({ ...good, labels: { a: 'x'.repeat(257) } })],
    ['labels of a list', set({ ...good, labels: [] })],
    ['17 labels', set({ ...good, labels: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, ''])) })],
    ['more than 64 KiB', set(good).padEnd(65_537)],
  ];
  it('says which reason is wrong, and how long its texts may be', () => {
    const short = { code: '', message: '', side: '' };
    const reasons = [short, { ...short, message: 'x'.repeat(1_025) }];
    const [reason] = toEvaluation(set({ ...good, reasons })).reasons;
    expect(reason?.message).toMatch(/^reasons\[1\] is not .* at most 128 and 1024 characters/);
  });

  it.each(MALFORMED)('is POLICY_INVALID for %s', (_name, results) => {
    expect(toEvaluation(results)).toMatchObject({ effect: 'deny', failure: 'POLICY_INVALID' });
  });
});
