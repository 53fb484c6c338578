import { expect, it } from 'vitest';
import { PRINCIPAL_KINDS } from '../../src/call.ts';
import { readBundle } from '../../src/policy/bundle/bundle.ts';
import { createGeneration } from '../../src/policy/generation.ts';
import { SAMPLES } from '../../src/policy/samples.ts';
import { withData } from './values.ts';

const LIMITS = { timeoutMs: 50, memoryBytes: 1 << 24 };
const RULE = { id: 'r', source: {}, destination: {} };

/** The example policy with other rules, loaded as a proxy does. */
function ready(rules: readonly object[], limits = LIMITS) {
  const data = { kms_reencrypt: { principals: { p: { kinds: ['jwt'], rules } } } };
  return createGeneration(readBundle(withData(data)), limits);
}

it('a bundle whose rules are valid serves', () => {
  expect(ready([RULE]).bundle.revision).toBe('example-2');
});

// In the ARN of an alias, `alias` is a name that any account may give.
it('a rule may ask for each fact of a key that is one value, but for its alias', () => {
  const { alias: _, ...side } = SAMPLES['a plain call'].source;
  const facts = Object.entries(side).filter(([, value]) => typeof value !== 'object');
  const is = Object.fromEntries(facts.map(([name, value]) => [name, [value]]));
  expect(ready([{ ...RULE, source: { is }, destination: { is } }]).bundle.revision).toBe(
    'example-2',
  );
});

it('a principal may be of each kind', () => {
  const grant = { kinds: PRINCIPAL_KINDS, rules: [RULE] };
  const bundle = readBundle(withData({ kms_reencrypt: { principals: { p: grant } } }));
  expect(createGeneration(bundle, LIMITS).bundle.revision).toBe('example-2');
});

it.each([
  [{ context: { keep: 'tenant' } }, 'context.keep must be a list of strings'],
  [{ context: 'keep' }, 'context must be an object'],
  [{ source: { tag: {} } }, 'there is no field source.tag'],
  [{ context: { changes: { chnaged: [] } } }, 'there is no field context.changes.chnaged'],
  [{ call: { until_unix_ms: '2026' } }, 'call.until_unix_ms must be a number'],
  [{ call: { until_unix_ms: 1767603600 } }, 'call.until_unix_ms must be in milliseconds'],
  [
    { call: { hours_utc: [22, 6] } },
    'call.hours_utc must begin before it ends: over midnight it is two',
  ],
  [{ call: { weekdays: ['monday'] } }, 'call.weekdays: monday is none of Monday, Tuesday'],
])('a bundle whose rule has %j does not serve, and says why', (wrong, sentence) => {
  expect(() => ready([{ ...RULE, ...wrong }])).toThrow(
    `the bundle says that its data is wrong: principal p, rule r: ${sentence}`,
  );
});

it('of many errors the first are shown and the rest counted', () => {
  expect(() =>
    ready(Array.from({ length: 20 }, (_, i) => ({ ...RULE, id: `r${i}`, x: 1 }))),
  ).toThrow(/rule r0: [^;]*(; [^;]*rule r[^;]*){4}; and 15 more$/);
});

it('ten thousand rules are checked within the cost limit of loading', () => {
  const rules = Array.from({ length: 10_000 }, (_, i) => ({ ...RULE, id: `rule-${i}` }));
  expect(ready(rules).bundle.revision).toBe('example-2');
});

it('among ten thousand rules the two with the same id are found', () => {
  const rules = Array.from({ length: 10_000 }, (_, i) => ({ ...RULE, id: `rule-${i % 9_999}` }));
  expect(() => ready(rules)).toThrow(/principal p: more than one rule has the id rule-0$/);
});

it('rules that take too long to check name the setting to raise', () => {
  expect(() => ready([RULE], { ...LIMITS, timeoutMs: 0 })).toThrow(
    /load_errors cannot be asked: its data takes more than 100 times policy\.timeout_ms to check/,
  );
});

it('rules that take too much memory to check name the setting to raise', () => {
  const rules = Array.from({ length: 1_000 }, (_, i) => ({ ...RULE, id: `rule-${i}` }));
  expect(() => ready(rules, { ...LIMITS, memoryBytes: 1 << 16 })).toThrow(
    /load_errors cannot be asked: its data takes more than 16 times policy\.memory_mib to check/,
  );
});
