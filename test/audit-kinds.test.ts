import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AUDIT_KINDS } from '../src/audit-kinds.ts';

test('the schema of audit entries lists every kind, and no other', () => {
  const { properties } = JSON.parse(readFileSync('policies/schemas/audit.json', 'utf8'));
  expect([...AUDIT_KINDS].sort()).toEqual(properties.kind.enum.toSorted());
});
