import { expect, it } from 'vitest';
import { readBundle } from '../../../src/policy/bundle/bundle.ts';
import { prove } from '../../../src/policy/prove/prove.ts';
import { withData } from '../values.ts';

const LIMITS = { timeoutMs: 50, memoryBytes: 1 << 24 };
const BUNDLE = 'test/fixtures/policies/mask/bundle.tar.gz';

/** The bundle whose mask also has these rules. */
function masking(mask: readonly unknown[]) {
  return readBundle(withData({ mask }, BUNDLE));
}

it('a bundle whose mask answers with rules serves', () => {
  const good = masking(['/result/labels', { op: 'upsert', path: '/input/phase', value: '-' }]);
  expect(prove(good, LIMITS).entrypoints).toHaveProperty('system/log/mask');
});

it.each([
  ['/outcome', "a mask rule names '/outcome', which is not under /input or /result"],
  [{ op: 'replace', path: '/input' }, 'a mask rule is neither a path nor {op, path, value}'],
  [{ op: 'upsert', path: '/input', value: 'x'.repeat(65_536) }, 'the mask is longer than 65536'],
])('a bundle whose mask would fail for every call is refused (%#)', (rule, why) => {
  expect(() => prove(masking([rule]), LIMITS)).toThrow(
    `the audit mask fails for the sample 'a plain call': ${why}`,
  );
});

it('a bundle whose mask would fail only for outcomes is refused too', () => {
  const bundle = readBundle(withData({ mask_of_outcomes: ['/outcome'] }, BUNDLE));
  expect(() => prove(bundle, LIMITS)).toThrow(/^the audit mask fails for an outcome: a mask rule/);
});
