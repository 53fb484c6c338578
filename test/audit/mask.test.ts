import { expect, test } from 'vitest';
import { fromBody } from '../../src/audit/body.ts';
import { createEntries } from '../../src/audit/entry.ts';
import { applyMask, maskEntries } from '../../src/audit/mask.ts';
import { createRedactor } from '../../src/audit/redact.ts';
import { Refusal } from '../../src/errors.ts';
import { intended, judged } from './samples.ts';

const entry = {
  kind: 'intent',
  decision_id: 'd',
  input: { principal: { id: 'p' }, source: { tags: { team: 'x' }, aliases: ['a', 'b'] } },
  result: { rule: 'r' },
};

const cases: readonly (readonly [string, unknown, object | undefined])[] = [
  ['undefined', undefined, undefined],
  ['no rules', [], undefined],
  ['a path that is not there', ['/input/nothing/at/all'], undefined],
  ['a removal', ['/input/source/tags'], { erased: ['/input/source/tags'] }],
  ['a removal as an object', [{ op: 'remove', path: '/result' }], { erased: ['/result'] }],
  ['an array’s member', ['/input/source/aliases/0'], { erased: ['/input/source/aliases/0'] }],
  [
    'a replacement',
    [{ op: 'upsert', path: '/input/principal/id', value: 'somebody' }],
    { masked: ['/input/principal/id'] },
  ],
  ['a replacement of nothing', [{ op: 'upsert', path: '/input/new', value: 1 }], undefined],
];

test.each(cases)('%s', (_, answer, expected) => {
  const changed = applyMask(entry, answer);
  if (expected) expect(changed).toMatchObject(expected);
  else expect(changed).toBeUndefined();
});

test.each([
  [['/kind']],
  [['/outcome/status']],
  [['input']],
  [[{ op: 'add', path: '/input' }]],
  [[7]],
  [{ '/input': true }],
  ['/input'],
])('%j is refused whole', (answer) => {
  expect(() => applyMask(entry, answer)).toThrow(/mask/);
});

test('a rule cannot reach prototypes', () => {
  applyMask(entry, [{ op: 'upsert', path: '/input/__proto__/polluted', value: true }]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

const entries = (evaluate: () => unknown, failures: unknown[] = []) =>
  maskEntries(
    createEntries({
      redactor: createRedactor(Buffer.alloc(32), []),
      now: () => 0,
    }),
    { evaluate, onFailure: (cause) => failures.push(cause) },
  );

test('a mask that fails stops an allowed call, and leaves a refusal without input and result', () => {
  const failures: unknown[] = [];
  const masking = entries(() => {
    throw new Error('rego');
  }, failures);
  expect(() => masking.intent(intended(1))).toThrow(Refusal);
  const told = fromBody(masking.terminal(judged(1), new Refusal('AUDIT_UNAVAILABLE')));
  expect(told).toMatchObject({
    erased: ['/input', '/result'],
    error: 'MASK_FAILED',
    kind: 'refusal',
  });
  expect(Object.keys(told)).not.toContain('input');
  expect(failures).toHaveLength(2);
});

test('what the mask does to its copy of the entry does not reach the log', () => {
  const masking = entries(() => undefined);
  const plain = fromBody(masking.intent(intended(1)));
  const meddling = maskEntries(
    { intent: () => masking.intent(intended(1)), terminal: () => '' },
    {
      evaluate(copy) {
        Reflect.deleteProperty(copy, 'decision_id');
        return [];
      },
      onFailure: () => undefined,
    },
  );
  expect(fromBody(meddling.intent(intended(1)))).toEqual(plain);
});
