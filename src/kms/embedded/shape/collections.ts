import { readList, readMap, readStructure } from '../../../aws-json/members.ts';
import { problem, type Shape } from './shape.ts';

interface Required<T> extends Shape<T> {
  readonly required: true;
}

export function required<T>(shape: Shape<T>): Required<T> {
  return { ...shape, required: true };
}

type Members = Readonly<Record<string, { read(json: unknown): unknown }>>;
type ValueOf<S> = S extends { read(json: unknown): infer T } ? T : never;
type RequiredNames<M> = {
  [K in keyof M]: M[K] extends { readonly required: true } ? K : never;
}[keyof M];

type Structure<M> = { readonly [K in RequiredNames<M>]: ValueOf<M[K]> } & {
  readonly [K in Exclude<keyof M, RequiredNames<M>>]?: ValueOf<M[K]> | undefined;
};

/** Unknown members are ignored and null means absent, as in AWS's parser. */
export function structure<M extends Members>(members: M): Shape<Structure<M>> {
  const list = Object.entries(members).map(([name, shape]) => ({
    name,
    label: name.charAt(0).toLowerCase() + name.slice(1),
    shape: shape as Shape<unknown>,
    required: 'required' in shape,
  }));
  return {
    read: (json) => {
      const object = readStructure(json);
      const value: Record<string, unknown> = {};
      for (const { name, shape } of list) {
        const member = Object.hasOwn(object, name) ? object[name] : undefined;
        if (member !== undefined && member !== null) value[name] = shape.read(member);
      }
      return value as Structure<M>;
    },
    check: (value, at, problems) => {
      for (const { name, label, shape, required } of list) {
        const member = (value as Record<string, unknown>)[name];
        const path = at === '' ? label : `${at}.${label}`;
        if (member !== undefined) shape.check(member, path, problems);
        else if (required) {
          const shown = shape.sensitive ? undefined : 'null';
          problems.push(problem(shown, path, 'Member must not be null'));
        }
      }
    },
  };
}

export function list<T>(
  member: Shape<T>,
  { max = Number.POSITIVE_INFINITY }: { max?: number } = {},
): Shape<readonly T[]> {
  return {
    read: (json) => readList(json, member.read),
    check: (values, at, problems) => {
      if (values.length > max) {
        const constraint = `Member must have length less than or equal to ${max}`;
        problems.push(problem(`'[${values.join(', ')}]'`, at, constraint));
      }
      const { constraints } = member;
      if (!constraints) {
        for (const [index, value] of values.entries()) {
          member.check(value, `${at}.${index + 1}.member`, problems);
        }
        return;
      }
      if (!values.some((value) => constraints(value).length > 0)) return;
      const broken = values.flatMap((value) => constraints(value));
      const constraint = `Member must satisfy constraint: [${[...new Set(broken)].join(', ')}]`;
      problems.push(problem(`'[${values.join(', ')}]'`, at, constraint));
    },
  };
}

/** A map of strings, with a null prototype. */
export const stringMap: Shape<Readonly<Record<string, string>>> = {
  read: readMap,
  check: () => {},
};
