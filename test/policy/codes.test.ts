import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('docs/policy.md names every code of the example policy', () => {
  const rego = ['faults', 'decision'].map((name) =>
    readFileSync(`policies/example/${name}.rego`, 'utf8'),
  );
  const codes = [...rego.join('').matchAll(/fault\("(\w+)"|"code": "(\w+)"/g)].map(
    ([, fault, code]) => fault ?? code,
  );
  expect(codes.length).toBeGreaterThan(15);
  const page = readFileSync('docs/policy.md', 'utf8');
  expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
});
