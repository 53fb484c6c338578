import { serialization, wrongType } from './serialization.ts';
import { problem, type Shape } from './shape.ts';

interface StringLimits<T extends string> {
  readonly min?: number;
  readonly max?: number;
  /** Source of the pattern as AWS prints it. */
  readonly pattern?: string;
  /** In the order in which AWS prints the set. */
  readonly values?: readonly T[];
}

export function text<const T extends string = string>(limits: StringLimits<T> = {}): Shape<T> {
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
      broken.push(`Member must satisfy enum value set: [${values?.join(', ')}]`);
    }
    return broken;
  };
  return {
    read: (json) => {
      if (typeof json !== 'string') throw wrongType(json, 'a String');
      return json as T;
    },
    check: (value, at, problems) => {
      for (const broken of constraints(value)) problems.push(problem(`'${value}'`, at, broken));
    },
    constraints,
  };
}

export function blob(limits: { min: number; max: number; sensitive?: boolean }): Shape<Uint8Array> {
  const { min, max, sensitive = false } = limits;
  return {
    sensitive,
    read: (json) => {
      if (typeof json !== 'string') throw wrongType(json, 'a Blob');
      return fromBase64(json);
    },
    check: ({ length }, at, problems) => {
      const shown = sensitive
        ? undefined
        : `'java.nio.HeapByteBuffer[pos=0 lim=${length} cap=${length}]'`;
      if (length > max) {
        problems.push(problem(shown, at, `Member must have length less than or equal to ${max}`));
      }
      if (length < min) {
        problems.push(
          problem(shown, at, `Member must have length greater than or equal to ${min}`),
        );
      }
    },
  };
}

export function integer({ min, max }: { min: number; max: number }): Shape<number> {
  return {
    read: (json) => {
      if (typeof json !== 'number') throw wrongType(json, 'an Integer');
      return Math.trunc(json);
    },
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

export const flag: Shape<boolean> = {
  read: (json) => {
    if (typeof json !== 'boolean') throw wrongType(json, 'a Boolean');
    return json;
  },
  check: () => {},
};

/** Seconds since the Unix epoch on the wire. */
export const timestamp: Shape<Date> = {
  read: (json) => {
    const date = new Date(typeof json === 'number' ? json * 1000 : String(json));
    if (Number.isNaN(date.getTime())) throw serialization('Expected a timestamp');
    return date;
  },
  check: () => {},
};

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function fromBase64(json: string): Uint8Array {
  if (!BASE64.test(json) || json.length % 4 === 1) {
    throw serialization('Invalid Base64 in the request');
  }
  return Buffer.from(json, 'base64');
}
