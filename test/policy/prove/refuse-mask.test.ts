import { expect, it } from 'vitest';
import { readBundle } from '../../../src/policy/bundle/bundle.ts';
import { prove } from '../../../src/policy/prove/prove.ts';
import { entriesOf, tarGz } from '../tar.ts';
import { archive } from '../values.ts';

const LIMITS = { timeoutMs: 50, memoryBytes: 1 << 24 };
const entries = entriesOf(archive('test/fixtures/policies/mask/bundle.tar.gz'));

/** The bundle whose mask also has these rules. */
function masking(mask: readonly unknown[]) {
  const others = entries.filter(({ name }) => name !== '/data.json');
  return readBundle(tarGz([...others, { name: '/data.json', content: JSON.stringify({ mask }) }]));
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
