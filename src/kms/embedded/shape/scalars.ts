import {
  readBlob,
  readFlag,
  readInteger,
  readText,
  readTimestamp,
} from '../../../aws-json/members.ts';
import { problem, type Shape } from './shape.ts';

interface StringLimits<T extends string> {
  readonly min?: number;
  readonly max?: number;
  /** Source of the pattern as AWS prints it. */
  readonly pattern?: string;
  /** In the order in which AWS prints the set. */
  readonly values?: readonly T[];
}

export function text<const T extends string = string>(limits: StringLimits<T>): Shape<T> {
  const { min = 0, max = Number.POSITIVE_INFINITY, pattern, values } = limits;
  const regex = pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`);
  const allowed = values && new Set<string>(values);

  const constraints = (value: T): string[] => {
    const broken: string[] = [];
    if (value.length > max) broken.push(`Member must have length less than or equal to ${max}`);
    if (value.length < min) broken.push(`Member must have length greater than or equal to ${min}`);
    if (regex && !regex.test(value)) {
      broken.push(`Member must satisfy regular expression pattern: ${pattern}`);
    }
    if (allowed && !allowed.has(value)) {
      broken.push(`Member must satisfy enum value set: [${[...allowed].join(', ')}]`);
    }
    return broken;
  };
  return {
    read: (json) => readText(json) as T,
    check: (value, at, problems) => {
      for (const broken of constraints(value)) problems.push(problem(`'${value}'`, at, broken));
    },
    constraints,
  };
}

/** AWS never shows the value of bytes; for sensitive ones not even the null of a missing one. */
export function blob(limits: { min: number; max: number; sensitive?: boolean }): Shape<Uint8Array> {
  const { min, max, sensitive = false } = limits;
  return {
    sensitive,
    read: readBlob,
    check: ({ length }, at, problems) => {
      if (length > max) {
        problems.push(
          problem(undefined, at, `Member must have length less than or equal to ${max}`),
        );
      }
      if (length < min) {
        problems.push(
          problem(undefined, at, `Member must have length greater than or equal to ${min}`),
        );
      }
    },
  };
}

export function integer({ min, max }: { min: number; max: number }): Shape<number> {
  return {
    read: readInteger,
    check: (value, at, problems) => {
      if (value > max) {
        problems.push(
          problem(`'${value}'`, at, `Member must have value less than or equal to ${max}`),
        );
      }
      if (value < min) {
        problems.push(
          problem(`'${value}'`, at, `Member must have value greater than or equal to ${min}`),
        );
      }
    },
  };
}

export const flag: Shape<boolean> = { read: readFlag, check: () => {} };

/** Seconds since the Unix epoch on the wire. */
export const timestamp: Shape<Date> = { read: readTimestamp, check: () => {} };
