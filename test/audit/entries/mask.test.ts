import { expect, test } from 'vitest';
import { fromBody, idOf, markOf } from '../../../src/audit/entries/body.ts';
import { createEntries } from '../../../src/audit/entries/entry.ts';
import { applyMask, maskEntries } from '../../../src/audit/entries/mask.ts';
import { createRedactor } from '../../../src/audit/entries/redact.ts';
import { Refusal } from '../../../src/errors.ts';
import { answered, intended, judged } from '../samples.ts';

const entry = {
  kind: 'intent',
  decision_id: 'd',
  input: { principal: { id: 'p' }, source: { tags: { team: 'x' }, aliases: ['a', 'b'] } },
  result: { rule: 'r' },
};

const cases: readonly (readonly [string, unknown, object | undefined])[] = [
  ['undefined changes nothing', undefined, undefined],
  ['an empty list changes nothing', [], undefined],
  ['a path that is not there changes nothing', ['/input/nothing/at/all'], undefined],
  ['a path erases its value', ['/input/source/tags'], { erased: ['/input/source/tags'] }],
  ['a remove rule erases its value', [{ op: 'remove', path: '/result' }], { erased: ['/result'] }],
  ['an array item is erased', ['/input/source/aliases/0'], { erased: ['/input/source/aliases/0'] }],
  [
    'an upsert rule masks a value',
    [{ op: 'upsert', path: '/input/principal/id', value: 'somebody' }],
    { masked: ['/input/principal/id'] },
  ],
  [
    'as many values may be erased as masked',
    ['/result', { op: 'upsert', path: '/input/principal/id', value: 'somebody' }],
    { erased: ['/result'], masked: ['/input/principal/id'] },
  ],
  ['an upsert of nothing is ignored', [{ op: 'upsert', path: '/input/new', value: 1 }], undefined],
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
  [['x/input/source']],
  [[{ op: 'add', path: '/input' }]],
  [[7]],
  [{ '/input': true }],
  ['/input'],
])('%j is refused as a whole', (answer) => {
  expect(() => applyMask(entry, answer)).toThrow(/mask/);
});

test('rules change what they name, and nothing else', () => {
  const before = structuredClone(entry);
  const answer = [
    '/result',
    '/input/source/tags',
    '/input/source/aliases/0',
    { op: 'upsert', path: '/input/source', value: null },
    { op: 'upsert', path: '/input/principal/id', value: 'somebody' },
    '/input/source/aliases',
    '/input/source/tags/team',
  ];
  expect(applyMask(entry, answer.toSpliced(3, 1))).toEqual({
    kind: 'intent',
    decision_id: 'd',
    input: { principal: { id: 'somebody' }, source: {} },
    erased: ['/input/source/aliases', '/input/source/aliases/0', '/input/source/tags', '/result'],
    masked: ['/input/principal/id'],
  });
  expect(applyMask(entry, answer)).toMatchObject({
    input: { source: null },
    masked: ['/input/principal/id', '/input/source'],
  });
  expect(applyMask(entry, ['/input/source/aliases/0'])).toMatchObject({
    input: { source: { aliases: ['b'] } },
  });
  expect(entry).toEqual(before);
});

test('a rule cannot reach prototypes', () => {
  applyMask(entry, [{ op: 'upsert', path: '/input/__proto__/polluted', value: true }]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  const { toLocaleString: own } = Object.prototype;
  applyMask(entry, [{ op: 'upsert', path: '/input/__proto__/toLocaleString', value: true }]);
  expect(Object.prototype.toLocaleString).toBe(own);
});

const entries = (evaluate: () => unknown, failures: unknown[] = []) =>
  maskEntries(
    createEntries({
      redactor: createRedactor(Buffer.alloc(32), []),
      now: () => 0,
    }),
    { evaluate, active: () => true, onFailure: (cause) => failures.push(cause) },
  );

test('a failing mask stops an allowed call, and the refusal is logged without input and result', () => {
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

test('a mask that changes its copy of the entry does not change the log', () => {
  const masking = entries(() => undefined);
  const plain = fromBody(masking.intent(intended(1)));
  const meddling = maskEntries(
    { intent: () => masking.intent(intended(1)), terminal: () => '' },
    {
      evaluate(copy) {
        Reflect.deleteProperty(copy, 'decision_id');
        return [];
      },
      active: () => true,
      onFailure: () => undefined,
    },
  );
  expect(fromBody(meddling.intent(intended(1)))).toEqual(plain);
});

test('a masked entry still begins or ends its call: otherwise a start would end it again, or never', () => {
  const masking = entries(() => ['/input/principal']);
  for (const [body, mark] of [
    [masking.intent(intended(1)), '+'],
    [masking.terminal(answered(1)), '-'],
    [masking.terminal(judged(1), new Refusal('POLICY_DENIED')), ' '],
  ] as const) {
    expect([markOf(body), idOf(body)]).toEqual([mark, intended(1).call.id]);
  }
  expect(fromBody(masking.intent(intended(1)))['erased']).toEqual(['/input/principal']);
});
