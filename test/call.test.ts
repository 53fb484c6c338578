import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  ACTIONS,
  ENCRYPTION_ALGORITHMS,
  KEY_ID_FORMS,
  PHASES,
  PRINCIPAL_KINDS,
  TRANSPORTS,
} from '../src/call.ts';

/** Fields of policy's input, and of audit entries, that hold one of a few values. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  action: ACTIONS,
  algorithm: ENCRYPTION_ALGORITHMS,
  key_id_form: KEY_ID_FORMS,
  kind: PRINCIPAL_KINDS,
  phase: PHASES,
  transport: TRANSPORTS,
};

function* listsIn(schema: object, name = ''): Generator<[name: string, values: string[]]> {
  for (const [key, below] of Object.entries(schema)) {
    if (key === 'enum') yield [name, below];
    else if (typeof below === 'object' && below !== null) yield* listsIn(below, key);
  }
}

const schemaOf = (name: string) =>
  JSON.parse(readFileSync(`policies/schemas/${name}.json`, 'utf8'));
const audit = schemaOf('audit');
// An audit entry leaves empty values out.
const PARTS = [
  ['input', schemaOf('input'), VALUES],
  ['audit', [audit.properties.input, audit.$defs.side], without('')],
] as const;

function without(left: string): typeof VALUES {
  const kept = Object.entries(VALUES).map(([name, values]) => [
    name,
    values.filter((one) => one !== left),
  ]);
  return Object.fromEntries(kept);
}

test.each(PARTS)(
  'policies/schemas/%s.json lists every value that a call can have',
  (_, part, values) => {
    const lists = [...listsIn(part)].filter(([name]) => Object.hasOwn(values, name));
    expect(Object.fromEntries(lists)).toEqual(values);
    for (const [name, list] of lists) expect([name, list]).toEqual([name, values[name]]);
  },
);
