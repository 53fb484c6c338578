import { z } from 'zod';
import { isJsonObject } from '../json/object.ts';
import { NEEDS, type Place } from './needs.ts';
import { configSchema } from './schema.ts';

interface Idle {
  readonly at: readonly string[];
  /** Why, in words that follow its name. */
  readonly what: string;
}

/** The settings in it that do nothing because of the others; what it leaves out is as by default. */
export function idleIn(config: unknown): Idle[] {
  return NEEDS.flatMap(([setting, ...needs]) =>
    find(config, setting.path.split('.'))
      .filter(({ value }) => setting.is(value))
      .flatMap(({ at }) => {
        const missing = needs.map((need) => lackOf(config, need, at));
        if (missing.includes('')) return [];
        const which = setting.what === '' ? '' : `${setting.what} `;
        return [{ at, what: `${which}does nothing without ${missing.join(' or ')}` }];
      }),
  );
}

/** What the need lacks, or '' where it is there. Items of lists are those that the setting is in. */
function lackOf(config: unknown, { path, what, is }: Place, at: readonly string[]): string {
  const keys = path.split('.').map((key, index) => (key === '*' ? (at[index] ?? key) : key));
  const found = find(config, keys).map(({ value }) => value);
  const values = found.length > 0 ? found : [defaultOf(keys)];
  if (values.some(is)) return '';
  const name = keys.join('.');
  if (what !== '') return `${what} in ${name}`;
  return ['object', 'undefined'].includes(typeof values[0]) ? name : `${name} (it is ${values[0]})`;
}

interface Found {
  readonly at: readonly string[];
  readonly value: unknown;
}

function find(node: unknown, path: readonly string[], at: readonly string[] = []): Found[] {
  const [head, ...rest] = path;
  if (head === undefined) return node === undefined || node === null ? [] : [{ at, value: node }];
  if (!isJsonObject(node) && !Array.isArray(node)) return [];
  return Object.entries(node)
    .filter(([key]) => head === '*' || head === key)
    .flatMap(([key, below]) => find(below, rest, [...at, key]));
}

function defaultOf(path: readonly string[]): unknown {
  const schema = path.reduce<unknown>((node, key) => shapeOf(node)[key], configSchema);
  return schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) {
    return shapeOf(schema.def.innerType);
  }
  return schema instanceof z.ZodObject ? schema.shape : {};
}
