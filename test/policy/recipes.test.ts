import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { completeInput } from '../../src/cli/policy/complete-input.ts';
import { inputOfCase, toTable } from '../../src/cli/policy/table.ts';
import { isJsonObject } from '../../src/json/object.ts';
import { readBundle } from '../../src/policy/bundle/bundle.ts';
import { createGeneration } from '../../src/policy/generation.ts';
import { withData } from './values.ts';

const LIMITS = { timeoutMs: 50, memoryBytes: 1 << 24 };
const RECIPES = readdirSync('policies/recipes');
const GONE = Symbol('gone');
const MISTAKES = [GONE, null, '', 'x', 1, true, false, [], {}];

/** The data with one value anywhere in it replaced or removed, and where. */
function* mistaken(data: unknown, at = ''): Generator<[string, unknown]> {
  if (typeof data !== 'object' || data === null) return;
  for (const [key, value] of Object.entries(data)) {
    for (const mistake of MISTAKES) yield [`${at}/${key}`, withValue(data, key, mistake)];
    for (const [path, inner] of mistaken(value, `${at}/${key}`)) {
      yield [path, withValue(data, key, inner)];
    }
  }
}

function withValue(data: object, key: string, value: unknown): unknown {
  if (Array.isArray(data)) {
    const others = data.map((item, at) => (at === Number(key) ? value : item));
    return others.filter((item) => item !== GONE);
  }
  const { [key]: _, ...others } = data as Record<string, unknown>;
  return value === GONE ? others : { ...others, [key]: value };
}

/** The recipe with other data, loaded as a proxy does. */
function ready(name: string, data: unknown) {
  const bundle = withData(data, `policies/recipes/${name}/bundle.tar.gz`);
  return createGeneration(readBundle(bundle), LIMITS);
}

it.each(RECIPES)('a mistake in the data of the recipe %s lets nothing more pass', (name) => {
  const folder = `policies/recipes/${name}`;
  const table = toTable(name, parseYaml(readFileSync(`${folder}/cases.yaml`, 'utf8')));
  const denied = table.cases
    .filter(({ expect: { allow } }) => !allow)
    .map((one) => ({ name: one.name, input: completeInput(inputOfCase(table.base, one)) }));
  const data: unknown = JSON.parse(readFileSync(`${folder}/data.json`, 'utf8'));
  expect(isJsonObject(data) && denied.length).toBeGreaterThan(0);

  const passed: string[] = [];
  for (const [path, wrong] of mistaken(data)) {
    const { judge } = ready(name, wrong);
    for (const { name: what, input } of denied) {
      const { effect } = judge(JSON.stringify(input), input.time.unix_ms);
      if (effect === 'allow') passed.push(`${path} in ${JSON.stringify(wrong)}: ${what}`);
    }
  }
  expect(passed).toEqual([]);
});

it.each(RECIPES)('docs/policy.md says what the recipe %s is for', (name) => {
  expect(readFileSync('docs/policy.md', 'utf8')).toContain(`\n| \`${name}\` | `);
});

it.each([
  [{ a: 'b', b: 'a' }, 'data that leaves a would come back; migration.moves: data that leaves b'],
  [{ a: 'b', b: 'c', c: 'a' }, 'data that leaves a would come back'],
  [{ a: 'a' }, 'data that leaves a would come back'],
])('the recipe one-way-migration does not serve with moves that lead back: %j', (moves, why) => {
  const migration = { principals: [], moves };
  expect(() => ready('one-way-migration', { migration })).toThrow(why);
});

it('the recipe one-way-migration serves with moves in stages', () => {
  const migration = { principals: [], moves: { a: 'b', b: 'c', x: 'c' } };
  expect(ready('one-way-migration', { migration }).bundle.revision).toBe('one-way-migration-1');
});
